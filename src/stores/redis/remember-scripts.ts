/**
 * A family is a hash: `t`, the hash of the good token; `s`, the subject; `c` and `x`, when it began and when it is over;
 * `p`, the epoch of the subject's roster in which it began; and, once a token was exchanged, `b`, the hash of the one
 * before, `g`, until when it is in grace, and `n`, its sealed successor in base64.
 */
const family = `
local key, now = KEYS[1], tonumber(ARGV[1])
local function expire(ends)
  redis.call('PEXPIRE', key, string.format('%.0f', math.ceil((tonumber(ends) - now) * 1000) + 60000))
end
local function isThere()
  local ends = redis.call('HGET', key, 'x')
  return ends and tonumber(ends) > now
end
`

/** ARGV: now, tokenHash, subject, createdAt, expiresAt, epoch. → `made`, or `taken` when there is one. */
export const create: string = `${family}
if isThere() then return 'taken' end
redis.call('DEL', key)
redis.call('HSET', key, 't', ARGV[2], 's', ARGV[3], 'c', ARGV[4], 'x', ARGV[5], 'p', ARGV[6])
expire(ARGV[5])
return 'made'
`

/** ARGV: now, tokenHash, next tokenHash, sealed, graceUntil, expiresAt. → what it came to, subject, createdAt, epoch, sealed. */
export const exchange: string = `${family}
if not isThere() then return {} end
local good, subject, created, epoch, before, grace, sealed =
  unpack(redis.call('HMGET', key, 't', 's', 'c', 'p', 'b', 'g', 'n'))
if good == ARGV[2] then
  redis.call('HSET', key, 't', ARGV[3], 'b', ARGV[2], 'n', ARGV[4], 'g', ARGV[5], 'x', ARGV[6])
  expire(ARGV[6])
  return { 'exchanged', subject, created, epoch, '' }
end
if before == ARGV[2] and now < tonumber(grace) then return { 'repeated', subject, created, epoch, sealed } end
redis.call('DEL', key)
return { 'stolen', subject, created, epoch, '' }
`

/** ARGV: now. → the subject, or nothing. */
export const forget: string = `${family}
local subject = isThere() and redis.call('HGET', key, 's')
redis.call('DEL', key)
return subject
`
