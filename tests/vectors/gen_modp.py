#!/usr/bin/python3
"""dh_modp.txt: both sides of MODP exchanges by Python's pow. The primes of the groups 1 to 16 are
made from the formula that defines them (RFC 2409, 2412, 3526), 2^n - 2^(n-64) - 1 + 2^64 * ([2^(n-130)
pi] + k), with pi computed here: no digit is copied from where core/crypto has its own."""
from vec import fixed, write


def pi_times(scale):
    """floor(pi * scale) by Machin's formula, with guard digits."""
    guard = 1 << 64
    one = scale * guard

    def arctan_inverse(x):
        total, term, n, sign = 0, one // x, 1, 1
        while term:
            total += sign * (term // n)
            term //= x * x
            n += 2
            sign = -sign
        return total

    return 4 * (4 * arctan_inverse(5) - arctan_inverse(239)) // guard


def prime(bits, k):
    return 2 ** bits - 2 ** (bits - 64) - 1 + 2 ** 64 * (pi_times(2 ** (bits - 130)) + k)


def is_prime(n):
    d, s = n - 1, 0
    while d % 2 == 0:
        d, s = d // 2, s + 1
    for a in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        x = pow(a, d, n)
        if x in (1, n - 1):
            continue
        for _ in range(s - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


# group: bits, k of the formula, length of the private exponent
GROUPS = {1: (768, 149686, 32), 2: (1024, 129093, 32), 5: (1536, 741804, 32),
          14: (2048, 124476, 32), 15: (3072, 1690314, 40), 16: (4096, 240904, 48)}


def rows():
    for group, (bits, k, exp_len) in GROUPS.items():
        p = prime(bits, k)
        assert p.bit_length() == bits and is_prime(p) and is_prime((p - 1) // 2), group
        side = []
        for who in "ir":
            seed = fixed(f"modp {group} {who}", exp_len)
            # dh_generate sets the top bit.
            private = bytes([seed[0] | 0x80]) + seed[1:]
            public = pow(2, int.from_bytes(private, "big"), p)
            side.append((seed, private, public))
        (si, i, gi), (sr, r, gr) = side
        secret = pow(gr, int.from_bytes(i, "big"), p)
        assert secret == pow(gi, int.from_bytes(r, "big"), p)
        n = bits // 8
        yield {"group": group, "seed_i": si, "i": i, "gi": gi.to_bytes(n, "big"), "seed_r": sr,
               "r": r, "gr": gr.to_bytes(n, "big"), "secret": secret.to_bytes(n, "big"),
               "p": p.to_bytes(n, "big")}
        # A public value with leading zero bytes: the padding must be kept on both ways.
        x = next(x for x in range(1, 1 << 20) if pow(gi, x, p) >> (bits - 8) == 0)
        private = x.to_bytes(exp_len, "big")
        yield {"group": group, "i": private, "gi": pow(2, x, p).to_bytes(n, "big"),
               "gr": gi.to_bytes(n, "big"), "secret": pow(gi, x, p).to_bytes(n, "big"),
               "p": p.to_bytes(n, "big")}


write("dh_modp.txt", ["MODP exchanges by gen_modp.py; seed_ is what dh_generate is given. The second"
                      " row of a group has", "a secret with a zero byte in front."], list(rows()))
