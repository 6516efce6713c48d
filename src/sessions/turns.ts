/** Lets work on the same name take turns, so that those within one process do not race each other in the store. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name)
    const mine = before === undefined ? work() : before.then(work, work)
    this.#last.set(name, mine)
    const done = (): void => {
      if (this.#last.get(name) === mine) this.#last.delete(name)
    }
    mine.then(done, done)
    return mine
  }
}
