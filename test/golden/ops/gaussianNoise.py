"""First unit normals of the counter-based noise, computed with Python's integers and double precision.

    /usr/bin/python3 test/golden/ops/gaussianNoise.py > test/golden/ops/gaussianNoise.json

Philox4x32-10 is checked against the known answers that Random123 publishes (kat_vectors).
"""
import json
import math


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k[1], p0 & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


ones = 0xFFFFFFFF
assert philox([0] * 4, [0] * 2) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
assert philox([ones] * 4, [ones] * 2) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]


def normals(key, bins):
    out = []
    for i in bins:
        w = philox([i // 4, 0, 0, 0], key)
        a, b = (w[0], w[1]) if i % 4 < 2 else (w[2], w[3])
        radius = math.sqrt(-2 * math.log(((a >> 8) + 1) / 2**24))
        angle = 2 * math.pi * (b >> 8) / 2**24
        out.append(radius * (math.cos(angle) if i % 2 == 0 else math.sin(angle)))
    return out


keys = [[0, 0], [1, 2], [0xFFFFFFFF, 0x80000000]]
bins = list(range(10)) + [4001, 9692, 9693, 9694, 9695]
results = [dict(key=key, values=[round(v, 9) for v in normals(key, bins)]) for key in keys]
print(json.dumps(dict(source="Python integers and doubles; recipe gaussianNoise.py", bins=bins, results=results)))
