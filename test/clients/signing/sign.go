// Command signing signs a policy. Usage: go run sign.go SECRET POLICY-AS-JSON
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
)

func main() {
	secret, text := os.Args[1], os.Args[2]

	policy := base64.URLEncoding.EncodeToString([]byte(text))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(policy))
	signature := hex.EncodeToString(mac.Sum(nil))

	json.NewEncoder(os.Stdout).Encode(map[string]string{"policy": policy, "signature": signature})
}
