#!/usr/bin/env node
import { migrateCommand } from './migrate.ts'
import type { Terminal } from './terminal.ts'

const usage = `Usage: becauth migrate [--url postgres://…] [--schema name] [--prefix name] [--print]
`

const commands: Readonly<Record<string, (args: string[], terminal: Terminal) => Promise<number>>> = {
  migrate: migrateCommand,
}

const [name = '', ...args] = process.argv.slice(2)
const command = Object.hasOwn(commands, name) ? commands[name] : undefined
if (command !== undefined) {
  process.exitCode = await command(args, process)
} else if (name === '--help' || name === 'help') {
  process.stdout.write(usage)
} else {
  process.stderr.write(usage)
  process.exitCode = 2
}
