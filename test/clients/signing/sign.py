# Signs a policy. Usage: python3 sign.py SECRET POLICY-AS-JSON
import base64
import hashlib
import hmac
import json
import sys

secret, text = sys.argv[1:]

policy = base64.urlsafe_b64encode(text.encode())
signature = hmac.new(secret.encode(), policy, hashlib.sha256).hexdigest()

print(json.dumps({"policy": policy.decode(), "signature": signature}))
