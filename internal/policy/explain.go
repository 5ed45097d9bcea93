package policy

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Step is one of the conditions for an action, as Explain found it.
type Step struct {
	Check   string // app, signature, document, expiry, revocation, call, asset, path, container, url or size
	OK      bool   // whether it holds; also true if it was skipped
	Skipped bool   // whether it did not apply, or could not be looked at
	Detail  string // a sentence, for the owner of the app and not for strangers
}

// Explain goes through every condition for r with c, in the order of Authorize
// and Check, and does not stop at the first that fails. The request is allowed
// by both if every step is OK. A request without an Action asks about the policy
// alone.
func Explain(app App, c Credential, r Request, now time.Time) []Step {
	var e explanation
	if anybody := Public(app); anybody.Actions&r.Action != 0 && (r.URL == "" || !app.Security) {
		why := "security is off, and anybody may do this"
		if app.Security {
			why = "reads are open, and anybody may do this"
		}
		e.step("app", nil, why)
		e.skipTo("call", "no policy is needed")
		return e.checks(checks[1:], anybody, r, now)
	}
	denial := app.disabled()
	if app.Key == "" {
		denial = deny(NoCredentials, "there is no such app")
	}
	e.step("app", denial, "exists, and this needs a policy")

	secret, denial := app.signer(c, now)
	if denial != nil && denial.Reason == BadSignature {
		denial.Detail += "; " + app.diagnose(c, now)
	}
	e.step("signature", denial, "made with the secret of "+stamp(secret.Created))
	if c.Policy == "" {
		return e.skipTo("", "there is no policy")
	}

	d, err := readDocument(c.text(), app.Options)
	if err != nil {
		e.step("document", deny(BadPolicy, "%v", err), "")
		return e.skipTo("", "the policy cannot be read")
	}
	d.grant.App = app.Key
	e.step("document", nil, d.grant.Describe(now))
	e.checks(checks[:1], d.grant, r, now)
	if denial == nil {
		e.step("revocation", app.revoked(d.digest, secret, d.issued), "was not revoked")
	}
	e.skipTo("call", "depends on the secret that signed it")
	if r.Action == 0 {
		return e.skipTo("", "no call was asked about")
	}
	return e.checks(checks[1:], d.grant, r, now)
}

// stepNames are the steps of every explanation, in order. Those from the call
// on are the checks of a grant.
var stepNames = [...]string{"app", "signature", "document", "expiry", "revocation", "call", "asset", "path", "container", "url", "size"}

// An explanation is the steps taken so far.
type explanation []Step

func (e *explanation) step(name string, denial *Denial, passed string) {
	s := Step{Check: name, OK: denial == nil, Detail: passed}
	if denial != nil {
		s.Detail = denial.Detail
	}
	*e = append(*e, s)
}

// skipTo skips the steps before name, or all that are left if there is none.
func (e *explanation) skipTo(name, why string) []Step {
	for _, next := range stepNames[len(*e):] {
		if next == name {
			break
		}
		*e = append(*e, Step{Check: next, OK: true, Skipped: true, Detail: why})
	}
	return *e
}

// checks takes the steps that are checks of g.
func (e *explanation) checks(list []check, g Grant, r Request, now time.Time) []Step {
	for _, c := range list {
		if c.applies(g, r) {
			e.step(c.name, c.deny(g, r, now), c.passed)
		} else {
			*e = append(*e, Step{Check: c.name, OK: true, Skipped: true, Detail: c.skipped})
		}
	}
	return *e
}

// diagnose says why no live secret made c's signature: it tries the usual
// mistakes with every secret, live or not.
func (app App) diagnose(c Credential, now time.Time) string {
	if len(app.Secrets) == 0 {
		return "the app has no secret: make one"
	}
	signature, err := hex.DecodeString(c.Signature)
	if err != nil || len(signature) != 32 {
		return fmt.Sprintf("a signature is 64 hexadecimal digits (HMAC-SHA-256), and this one has %d characters%s",
			len(c.Signature), shapeOf(c.Signature))
	}
	for _, s := range app.Secrets {
		for _, m := range mistakes(c) {
			for _, key := range []struct{ text, says string }{{s.Key, ""}, {s.Key + "\n", "the secret was used with a line break at its end"}} {
				if !hmac.Equal(mac(key.text, m.text), signature) {
					continue
				}
				says := slices.DeleteFunc([]string{m.says, key.says}, func(s string) bool { return s == "" })
				if !s.live(now) {
					says = append(says, "it was made with a secret that expired at "+stamp(s.Expires)+": sign with the newest")
				}
				return strings.Join(says, "; ")
			}
		}
	}
	return "it was made with another secret, or the policy was changed afterwards"
}

// mistakes returns the texts that people sign instead of the policy they send.
func mistakes(c Credential) []struct{ text, says string } {
	text := c.text()
	bare := strings.TrimRight(text, "=")
	raw, _ := decodeText(bare)
	padded := bare + strings.Repeat("=", -len(bare)&3)
	return []struct{ text, says string }{
		{text, ""}, // right but for the key
		{string(raw), "the decoded JSON was signed: sign the base64 text"},
		{padded, "the padding (=) was stripped after signing: send what was signed"},
		{bare, "padding (=) was added after signing: send what was signed"},
		{strings.NewReplacer("+", "-", "/", "_").Replace(text), "signed in the URL-safe alphabet (-_) and sent in the standard one (+/): send what was signed"},
		{alphabet.Replace(text), "signed in the standard alphabet (+/) and sent in the URL-safe one (-_): send what was signed"},
		{strings.TrimSpace(c.Policy), "white space was added around the policy after signing"},
		{c.Policy, "the policy was signed with spaces in it"},
		{base64.StdEncoding.EncodeToString([]byte(text)), "the policy was encoded twice before signing: sign what is sent"},
	}
}

func shapeOf(signature string) string {
	if raw, err := base64.StdEncoding.DecodeString(alphabet.Replace(signature)); err == nil && len(raw) == 32 {
		return ": it is in base64"
	}
	if len(signature) == 40 {
		return ": it looks like HMAC-SHA-1"
	}
	return ""
}
