import { onTestFinished } from 'vitest'
import { type Application, type Plan, startApplication } from './application.ts'

/** Starts a store, hands it out with what starts applications on it, and ends all of them whatever happens. */
export async function drill<S extends { readonly plan: Plan; stop(): Promise<void> }>(
  start: () => Promise<S>,
  act: (open: (more?: Partial<Plan>) => Promise<Application>, store: S) => Promise<void>,
): Promise<void> {
  const store = await start()
  const applications: Application[] = []
  // Not `finally`, which does not come when a test is out of time.
  onTestFinished(async () => {
    await Promise.all(applications.map((application) => application.kill()))
    await store.stop()
  })
  const open = async (more: Partial<Plan> = {}): Promise<Application> => {
    const application = await startApplication({ ...store.plan, ...more })
    applications.push(application)
    return application
  }
  await act(open, store)
}
