-- pool-by-domain.lua: chooses the address pools by the mail domain of the user.
--
-- Settings:
--   pool "DOMAIN POOL"     IPv4 pool for identities that end in @DOMAIN
--   pool6 "DOMAIN POOL"    the same for IPv6
--
-- Each may be given several times; the domain counts with all of its labels, so that corp.example
-- does not mean lab.corp.example. Other users keep what the authorization policy says.

local function read(name)
	local pools = {}
	for _, text in ipairs(config_list[name] or {}) do
		local domain, pool = text:match("^%s*@?(%S+)%s+(%S+)%s*$")
		if not domain then
			error(("%s \"%s\": a domain and a pool are wanted"):format(name, text), 0)
		end
		domain = domain:lower()
		if pools[domain] then
			error(("%s \"%s\": %s has a pool already"):format(name, text, domain), 0)
		end
		pools[domain] = pool
	end
	return pools
end

for name in pairs(config_list) do
	if name ~= "pool" and name ~= "pool6" then
		error(("there is no setting '%s'; known are pool and pool6"):format(name), 0)
	end
end

local pools, pools6 = read("pool"), read("pool6")

function authorize(s)
	local domain = (s.identity or ""):lower():match("@([^@]+)$")
	if domain then
		return { pool = pools[domain], pool6 = pools6[domain] }
	end
end
