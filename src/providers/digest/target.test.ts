import { describe, expect, it } from 'vitest'
import { designates } from './target.ts'

const at = (target: string, base = 'https://service.example') => ({ target, url: new URL('/any', base) })

describe('the uri of a Digest credential', () => {
  it.each([
    ['/a?b=c', '/a?b=c'],
    ['*', '*'],
    ['www.example.com:443', 'www.example.com:443'],
    ['https://service.example/a?b', '/a?b'],
    ['http://SERVICE.example/a', '/a'],
    ['https://service.example', '/'],
    ['https://service.example?b', '/?b'],
    ['/a?b', 'http://data.example/a?b'],
    ['/', 'http://data.example'],
    ['http://data.example/a', 'HTTP://data.EXAMPLE:80/a'],
  ])('%s is the request target %s', (uri, target) => {
    expect(designates(uri, at(target))).toBe(true)
  })

  it.each([
    ['/a', '/b'],
    ['/a', '/A'],
    ['/a', '/a?'],
    ['/a', '/a/'],
    ['/a?b', '/a'],
    ['/%61', '/a'],
    ['a', '/a'],
    ['*', '/*'],
    ['https://other.example/a', '/a'],
    ['https://service.example:8443/a', '/a'],
    ['https://service.example@other.example/a', '/a'],
    ['//service.example/a', '/a'],
    ['http://data.example/a', 'http://other.example/a'],
    ['http://[/a', '/a'],
  ])('%s is not the request target %s', (uri, target) => {
    expect(designates(uri, at(target))).toBe(false)
  })
})
