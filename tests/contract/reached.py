"""Says what the fuzzer came to, and fails where that is less than it was meant to: an operation that it never called, or
no read of one person that was compared with the same read of the other.

Usage: reached.py DOCUMENT.json VISITED.jsonl (what `hooks.py` wrote, a line for each run).
"""

import json
import sys
import tomllib

METHODS = ("get", "put", "post", "delete", "patch")

with open(sys.argv[1], encoding="utf-8") as file:
    paths = json.load(file)["paths"].values()
with open("schemathesis.toml", "rb") as file:
    left_out = {
        name
        for group in tomllib.load(file).get("operations", [])
        if group.get("enabled") is False
        for name in group["include-operation-id"]
    }
known = {path[method]["operationId"] for path in paths for method in METHODS if method in path}
if left_out - known:
    sys.exit(f"left out, and not in the document: {sorted(left_out - known)}")
with open(sys.argv[2], encoding="utf-8") as file:
    runs = [json.loads(line) for line in file]
answered = {name for run in runs for name in run["answered"]}
done = {name for run in runs for name in run["done"]}
compared = sum(run["compared"] for run in runs)
calls = sum(run["calls"] for run in runs)
meant = known - left_out
print(
    f"fuzzer: {calls} calls of {len(answered & meant)} of {len(meant)} operations, {len(done & meant)} of them with success; "
    f"{compared} reads of one person compared with the other's"
)
if meant - answered:
    sys.exit(f"never called: {sorted(meant - answered)}")
if compared == 0:
    sys.exit("nothing was compared between the two people")
