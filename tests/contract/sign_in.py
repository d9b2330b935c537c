"""Signs two sellers of different teams in, and writes who they are as Schemathesis reads it (Web Fuzzing Commons): what
one of them holds, the other must not see. With a third argument, that person in place of the first.

Usage: python sign_in.py COMPANY.json AUTH.json [LOGIN]
"""

import json
import sys
from urllib.request import Request, urlopen

with open(sys.argv[1], encoding="utf-8") as file:
    company = json.load(file)


def token(login: str) -> str:
    body = json.dumps({"login": login, "password": company["password"]}).encode()
    request = Request(f"{company['url']}/v1/auth/login", body, {"Content-Type": "application/json"})
    with urlopen(request) as answer:
        return str(json.load(answer)["access_token"])


people = {"alice": sys.argv[3] if len(sys.argv) > 3 else "li", "bob": "han"}
auth = [
    {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {token(login)}"}]}
    for name, login in people.items()
]
with open(sys.argv[2], "w", encoding="utf-8") as file:
    json.dump({"auth": auth}, file)
