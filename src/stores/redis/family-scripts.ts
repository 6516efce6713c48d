/**
 * All that is kept for one tag of keys is one hash, with a field for each key that is known (its hash, without the tag):
 *
 * - `L <version> <createdAt> <renewedAt> <expiresAt> <epoch> <format> <encoding> <handle> <tags>`, a line with the
 *   subject, and the payload: a session under its good key.
 * - `G <graceUntil> <tombstoneUntil> ` and such a text: an old key in grace, and the session as it was.
 * - `T <until>`: a tombstone.
 *
 * `tags` is `-` or `<hash>:<epoch>`, separated by commas.
 */
const family = String.raw`
local key, now = KEYS[1], tonumber(ARGV[1])
local function wordsOf(value)
  local list = {}
  for word in string.gmatch(string.match(value, '^[^\n]*'), '%S+') do list[#list + 1] = word end
  return list
end
local function isOver(words)
  local ends = words[1] == 'L' and words[5] or words[1] == 'G' and words[3] or words[2]
  return tonumber(ends) <= now, tonumber(ends)
end
local function live(field)
  local value = redis.call('HGET', key, field)
  local words = value and wordsOf(value)
  if words and words[1] == 'L' and not isOver(words) then return words, value end
end
local function bodyOf(value) return string.match(value, '^[^\n]*(\n[^\n]*\n)()') end
local function leadOf(words, value) return table.concat(words, ' ') .. bodyOf(value) end
local function expire()
  local all, last = redis.call('HGETALL', key), 0
  for i = 1, #all, 2 do
    local over, ends = isOver(wordsOf(all[i + 1]))
    if over then redis.call('HDEL', key, all[i]) elseif ends > last then last = ends end
  end
  if last > 0 then redis.call('PEXPIRE', key, string.format('%.0f', math.ceil((last - now) * 1000) + 60000)) end
end
-- The tags from ARGV[first] on, in pairs with their epochs: those that the session has already keep theirs.
local function retagged(before, first)
  local epochs, tags, unknown = {}, {}, {}
  for tag, epoch in string.gmatch(before, '([^:,]+):(%d+)') do epochs[tag] = epoch end
  for i = first, #ARGV, 2 do
    local epoch = epochs[ARGV[i]] or ARGV[i + 1]
    if epoch == '' then unknown[#unknown + 1] = ARGV[i] else tags[#tags + 1] = ARGV[i] .. ':' .. epoch end
  end
  return #tags > 0 and table.concat(tags, ',') or '-', unknown
end
-- Ends the session of a handle, and all its keys, when there is one (of this tag). Answers its first two lines.
local function endSession(handle, tag, tombstoneUntil)
  local all, fields, lead = redis.call('HGETALL', key), {}, false
  for i = 1, #all, 2 do
    local words = wordsOf(all[i + 1])
    if words[1] == 'L' and words[9] == handle then
      fields[#fields + 1] = all[i]
      local tagged = tag == '' or string.find(words[10], tag .. ':', 1, true)
      if tagged and not isOver(words) then lead = leadOf(words, all[i + 1]) end
    elseif words[1] == 'G' and words[12] == handle then
      fields[#fields + 1] = all[i]
    end
  end
  if not lead then return false end
  for _, field in ipairs(fields) do
    -- Deleting comes first: a script that has begun to write may go on when there is no room left.
    redis.call('HDEL', key, field)
    if tombstoneUntil ~= '' then redis.call('HSET', key, field, 'T ' .. tombstoneUntil) end
  end
  expire()
  return lead
end
`

/** ARGV: now, field, value. → `made`, or `taken` when there is something. */
export const create: string = `${family}
expire()
if redis.call('HEXISTS', key, ARGV[2]) == 1 then return 'taken' end
redis.call('HSET', key, ARGV[2], ARGV[3])
expire()
return 'made'
`

/** ARGV: now, field, version, format, encoding, payload, tags. → `no`, `done` or `tags`, the first lines, unknown tags. */
export const replace: string = `${family}
local words, value = live(ARGV[2])
if not words or words[2] ~= ARGV[3] then return { 'no' } end
local tags, unknown = retagged(words[10], 7)
if #unknown > 0 then return { 'tags', leadOf(words, value), unpack(unknown) } end
words[2] = string.format('%.0f', tonumber(words[2]) + 1)
words[7], words[8], words[10] = ARGV[4], ARGV[5], tags
local lead = leadOf(words, value)
redis.call('HSET', key, ARGV[2], lead .. ARGV[6])
return { 'done', lead }
`

/** ARGV: now, field, seenRenewedAt, renewedAt, expiresAt. → the first lines, or nothing. */
export const touch: string = `${family}
local words, value = live(ARGV[2])
if not words or words[4] ~= ARGV[3] then return false end
-- Renewing takes no room: it goes on when there is none left, for deleting came first.
redis.call('HDEL', key, '')
words[4], words[5] = ARGV[4], ARGV[5]
local _, payload = bodyOf(value)
local lead = leadOf(words, value)
redis.call('HSET', key, ARGV[2], lead .. string.sub(value, payload))
expire()
return lead
`

/**
 * ARGV: now, field, version, next field, format, encoding, payload, createdAt, renewedAt, expiresAt, graceUntil,
 * tombstoneUntil, tags. → as of `replace`.
 */
export const rotate: string = `${family}
local words, value = live(ARGV[2])
if not words or words[2] ~= ARGV[3] or redis.call('HEXISTS', key, ARGV[4]) == 1 then return { 'no' } end
local tags, unknown = retagged(words[10], 13)
if #unknown > 0 then return { 'tags', leadOf(words, value), unpack(unknown) } end
if tonumber(ARGV[11]) > now then
  redis.call('HSET', key, ARGV[2], 'G ' .. ARGV[11] .. ' ' .. ARGV[12] .. ' ' .. value)
else
  redis.call('HSET', key, ARGV[2], 'T ' .. ARGV[12])
end
words[2] = string.format('%.0f', tonumber(words[2]) + 1)
words[3], words[4], words[5] = ARGV[8], ARGV[9], ARGV[10]
words[7], words[8], words[10] = ARGV[5], ARGV[6], tags
local lead = leadOf(words, value)
redis.call('HSET', key, ARGV[4], lead .. ARGV[7])
expire()
return { 'done', lead }
`

/** ARGV: now, field, tombstoneUntil. Ends the session that a key reads. → its first lines, or nothing. */
export const endByKey: string = `${family}
local value = redis.call('HGET', key, ARGV[2])
if not value then return false end
local words = wordsOf(value)
if words[1] == 'L' then return endSession(words[9], '', ARGV[3]) end
if words[1] == 'G' and tonumber(words[2]) > now then return endSession(words[12], '', ARGV[3]) end
return false
`

/** ARGV: now, handle, tag or nothing. → the first lines of what has ended, or nothing. */
export const endByHandle: string = `${family}
return endSession(ARGV[2], ARGV[3], '')
`
