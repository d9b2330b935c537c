sign_in() { curl -s $URL/v1/auth/login -H 'Content-Type: application/json' \
  -d '{"login": "'$1'", "password": "'$PASSWORD'"}' | sed 's/.*"access_token":"\([^"]*\)".*/\1/'; }
LI=$(sign_in li)
call() { where=$1; shift; curl -s -w '\n%{http_code}\n' $URL/v1$where -H "Authorization: Bearer $LI" \
  -H 'Content-Type: application/json' -H 'Accept-Language: en' "$@"; }

# what may come next for this deal, and what is missing
call /deals/$DEAL/moves

# a move is refused, with every unmet criterion
call /deals/$DEAL/moves -d '{"from": "resource", "to": "graded"}'

# fill in what was missing
call /customers/$CUSTOMER -X PATCH -H 'If-Match: "v1"' \
  -d '{"fields": {"size": "large", "verified": true, "understood": "makes doors"}}'
call /deals/$DEAL -X PATCH -H 'If-Match: "v1"' -d '{"product": "website", "fields": {"suitable": true,
  "sales_target": {"amount_minor": 5000000, "currency": "CNY"}}}'
call /deals/$DEAL/grade -d '{}'

# and the same move is allowed
call /deals/$DEAL/moves -d '{"from": "resource", "to": "graded"}'
