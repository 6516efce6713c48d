/**
 * A roster is a hash: `m`, the highest epoch that was given; `e`, the epoch before which all have ended; and one field for
 * each member, `<epoch> <createdAt> <expiresAt>`, with ` l` behind it once somebody has seen it live, or
 * `x <when> <expiresAt>` when it has ended. Epochs are milliseconds since 1970, or more, so that each is above all that were
 * given before.
 */
const roster = `
local key, now = KEYS[1], tonumber(ARGV[1])
local function digits(number) return string.format('%.0f', number) end
local function nextEpoch(ahead)
  local epoch = math.max(tonumber(redis.call('HGET', key, 'm') or '0') + 1, math.floor(now * 1000) + ahead)
  redis.call('HSET', key, 'm', digits(epoch))
  return epoch
end
local function keepFor(seconds)
  local ms = math.max(math.ceil(seconds * 1000) + 60000, 1)
  if redis.call('PTTL', key) < ms then redis.call('PEXPIRE', key, digits(ms)) end
end
local function dropWhatIsOver(list, found)
  for i = 1, #list, 2 do
    if #list[i] > 1 then
      local epoch, created, ends = string.match(list[i + 1], '^(%S+) (%S+) (%S+)')
      if tonumber(ends) <= now then
        redis.call('HDEL', key, list[i])
      elseif found then
        found[#found + 1] =
          { member = list[i], epoch = epoch, created = tonumber(created), ends = ends, value = list[i + 1] }
      end
    end
  end
  return found
end
local function entries() return dropWhatIsOver(redis.call('HGETALL', key), {}) end
`

/**
 * What ends or renews sessions must work when Redis has no room left. A script that has begun to write may go on, and
 * deleting is let begin at any time.
 */
const evenWhenFull = `redis.call('HDEL', key, '')\n`

/** ARGV: now, member, createdAt, expiresAt, limit or 0, whether more are refused. → `limit` | `over`, `ok` and the epoch. */
export const enrol: string = `${roster}
local limit, others = tonumber(ARGV[5]), 0
if limit > 0 then
  for _, entry in ipairs(entries()) do
    if entry.member ~= ARGV[2] and entry.epoch ~= 'x' then others = others + 1 end
  end
  if others >= limit and ARGV[6] == 'refuse' then return { 'limit' } end
elseif redis.call('HLEN', key) > 64 then
  dropWhatIsOver(redis.call('HRANDFIELD', key, 16, 'WITHVALUES'))
end
local epoch = digits(nextEpoch(0))
redis.call('HSET', key, ARGV[2], epoch .. ' ' .. ARGV[3] .. ' ' .. ARGV[4])
keepFor(tonumber(ARGV[4]) - now)
return { limit > 0 and others >= limit and 'over' or 'ok', epoch }
`

/**
 * ARGV: now, member, limit. Ends the oldest others, until there is room for the member, if it has not been ended itself in
 * between. → those that have ended.
 */
export const endOldest: string = `${roster}${evenWhenFull}
local others, ended, room = {}, {}, tonumber(ARGV[3])
for _, entry in ipairs(entries()) do
  if entry.epoch ~= 'x' then
    if entry.member == ARGV[2] then room = room - 1 else others[#others + 1] = entry end
  end
end
table.sort(others, function(a, b)
  if a.created ~= b.created then return a.created < b.created end
  return tonumber(a.epoch) < tonumber(b.epoch)
end)
for i = 1, #others - room do
  redis.call('HSET', key, others[i].member, 'x ' .. digits(now * 1000) .. ' ' .. others[i].ends)
  ended[i] = others[i].member
end
return ended
`

/**
 * ARGV: now, handle to leave alone or nothing, seconds to remember it; 0: no longer than the members would have lived, and
 * not at all when there are none. Ends all. → those that have ended.
 */
export const endAll: string = `${roster}${evenWhenFull}
if ARGV[3] == '0' and redis.call('EXISTS', key) == 0 then return {} end
-- When the highest epoch is lost, this one is still above it: no clock goes wrong by a minute.
local epoch, ended = digits(nextEpoch(60000)), {}
redis.call('HSET', key, 'e', epoch)
for _, entry in ipairs(entries()) do
  if string.sub(entry.member, 12) == ARGV[2] and entry.epoch ~= 'x' then
    redis.call('HSET', key, entry.member, epoch .. string.match(entry.value, ' .*'))
  else
    redis.call('HDEL', key, entry.member)
    if entry.epoch ~= 'x' then ended[#ended + 1] = entry.member end
  end
end
keepFor(tonumber(ARGV[3]))
return ended
`

/** ARGV: now, handle. Ends one. → the member and what it was; nothing when there is none. */
export const endOne: string = `${roster}${evenWhenFull}
for _, entry in ipairs(entries()) do
  if string.sub(entry.member, 12) == ARGV[2] and entry.epoch ~= 'x' then
    redis.call('HSET', key, entry.member, 'x ' .. digits(now * 1000) .. ' ' .. entry.ends)
    return { entry.member, entry.epoch }
  end
end
return {}
`

/** ARGV: now, member, value. Takes a member off, when it is still there with this value. */
export const strike: string = `${roster}
if redis.call('HGET', key, ARGV[2]) == ARGV[3] then return redis.call('HDEL', key, ARGV[2]) end
return 0
`

/** ARGV: now, member, epoch, createdAt, expiresAt. Puts right what the roster says of a live member. → `noted` | `ended`. */
export const note: string = `${roster}${evenWhenFull}
local marks = redis.call('HMGET', key, 'e', ARGV[2], 'm')
local epoch = marks[2] and string.match(marks[2], '^%S+') or ARGV[3]
if epoch == 'x' or tonumber(epoch) < tonumber(marks[1] or '0') then
  -- What says so must be there for as long as the member has just been given.
  if epoch == 'x' then redis.call('HSET', key, ARGV[2], string.match(marks[2], '^x %S+ ') .. ARGV[5]) end
  keepFor(tonumber(ARGV[5]) - now)
  return 'ended'
end
redis.call('HSET', key, ARGV[2], epoch .. ' ' .. ARGV[4] .. ' ' .. ARGV[5] .. ' l')
if tonumber(marks[3] or '0') < tonumber(epoch) then redis.call('HSET', key, 'm', epoch) end
keepFor(tonumber(ARGV[5]) - now)
return 'noted'
`

/** ARGV: now. → each member and what the roster says of it. */
export const list: string = `${roster}
local found = {}
for _, entry in ipairs(entries()) do
  if entry.epoch ~= 'x' then
    found[#found + 1] = entry.member
    found[#found + 1] = entry.value
  end
end
return found
`
