{% if let Kind::Read = kind -%}
local n, requests = 0, {
{%- for path in paths %}
  'GET {{ path }} HTTP/1.1\r\nHost: {{ address }}\r\nAuthorization: {{ authorization }}\r\n\r\n',
{%- endfor %}
}
request = function()
  n = n + 1
  return requests[n % #requests + 1]
end
{%- else -%}
-- All of each request up to the length of its body.
local n, heads = 0, {
{%- for path in paths %}
  'POST {{ path }}/allocations{% if let Kind::Batch = kind %}/batch{% endif %} HTTP/1.1\r\nHost: {{ address }}\r\n' ..
  'Authorization: {{ authorization }}\r\nContent-Type: application/json\r\nContent-Length: ',
{%- endfor %}
}
{%- if let Kind::Single = kind %}
request = function()
  n = n + 1
  local body = '{"user_id":"u-{{ run }}-' .. n .. '"}'
  return heads[n % #heads + 1] .. #body .. '\r\n\r\n' .. body
end
{%- else %}
request = function()
  n = n + 1
  local lines = {}
  for i = 1, 1000 do lines[i] = '{"user_id":"b-{{ run }}-' .. n .. '-' .. i .. '"}' end
  local body = '{"recipients":[' .. table.concat(lines, ',') .. ']}'
  return heads[1] .. #body .. '\r\n\r\n' .. body
end
{%- endif %}
{%- endif %}

-- One line that needs no guessing.
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('\n{"requests":%d,"rate":%.6f,"p50":%.3f,"p99":%.3f,"failed":%d}\n',
    summary.requests, summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.status + e.connect + e.read + e.write + e.timeout))
end
