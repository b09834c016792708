-- SPDX-License-Identifier: BSD-2-Clause
-- Work for LuaJIT's compiler: many loops that get hot, and from time to time all of them anew.
jit.opt.start("hotloop=10")

local function count(n)
	local t, sum = {}, 0
	for i = 1, n do t[i] = (i * 7919) % 1000 end
	for round = 1, 20 do
		for i = 1, n do
			if t[i] % (round + 1) == 0 then sum = sum + t[i] else sum = sum - 1 end
		end
	end
	return sum
end

local sum = 0
for k = 1, 30 do
	local f = loadstring("local count = ... local s = 0 for i = 1, 2000 do s = s + i % " ..
		k + 1 .. " end return s + count(500)")
	sum = sum + f(count)
	if k % 10 == 0 then jit.flush() end
end
print(jit.status() and "compiled" or "interpreted", sum)
