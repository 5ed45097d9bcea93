package passkey_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
)

// An authenticator is a device that makes passkeys, with the browser around it.
// Source: https://www.w3.org/TR/webauthn-3/#sctn-authenticator-data
type authenticator struct {
	origin, party string
	flags         byte
	count         uint32
	id, user      []byte
	key           *ecdsa.PrivateKey
}

// What an authenticator says of a ceremony.
const (
	present  = 1 << 0
	verified = 1 << 2
	attested = 1 << 6
)

func newAuthenticator(t *testing.T) *authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	id := make([]byte, 16)
	rand.Read(id)
	return &authenticator{origin: origin, party: "portal.example.com", flags: present | verified, id: id, key: key}
}

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func unb64(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(text)
	must(t, err)
	return raw
}

// client returns what the browser says of a ceremony.
func (a *authenticator) client(kind, challenge string) []byte {
	text, _ := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.origin, "crossOrigin": false})
	return text
}

// data returns the authenticator's part, with what comes after the counter.
func (a *authenticator) data(flags byte, rest []byte) []byte {
	party := sha256.Sum256([]byte(a.party))
	data := append(party[:], flags)
	return append(binary.BigEndian.AppendUint32(data, a.count), rest...)
}

// register answers a request to make a key.
func (a *authenticator) register(t *testing.T, options []byte) []byte {
	t.Helper()
	var o struct {
		Challenge string
		User      struct{ ID string }
	}
	must(t, json.Unmarshal(options, &o))
	a.user = unb64(t, o.User.ID)
	point, err := a.key.PublicKey.Bytes()
	must(t, err)
	public, err := webauthncbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	must(t, err)
	rest := append(make([]byte, 16), byte(len(a.id)>>8), byte(len(a.id)))
	rest = append(append(rest, a.id...), public...)
	object, err := webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": a.data(a.flags|attested, rest)})
	must(t, err)
	return a.answer(t, map[string]any{"clientDataJSON": b64(a.client("webauthn.create", o.Challenge)), "attestationObject": b64(object)})
}

// sign answers a request to sign in.
func (a *authenticator) sign(t *testing.T, options []byte) []byte {
	t.Helper()
	var o struct{ Challenge string }
	must(t, json.Unmarshal(options, &o))
	a.count++
	client, data := a.client("webauthn.get", o.Challenge), a.data(a.flags, nil)
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(bytes.Clone(data), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, sum[:])
	must(t, err)
	return a.answer(t, map[string]any{"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature), "userHandle": b64(a.user)})
}

func (a *authenticator) answer(t *testing.T, response map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{"id": b64(a.id), "rawId": b64(a.id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{}})
	must(t, err)
	return text
}
