package oidc_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/account/oidc"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/people"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/fetch"
)

const (
	clientID     = "stowgate"
	clientSecret = "client secret"
	redirect     = "https://portal.example.com/portal/identity"
	email        = "ann@example.com"
)

var home = account.From{Address: "192.0.2.1"}

// providerKey signs what the provider says. Making one takes a while.
var providerKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// A fake is an OpenID Connect provider at which everybody is signed in.
type fake struct {
	*httptest.Server
	now    func() time.Time
	claims map[string]any // beside those that every token has; nil values take those away
	key    *rsa.PrivateKey
	status int // of answers for codes, if not 200

	mu    sync.Mutex
	codes map[string]url.Values // what was asked for, by code
}

func newFake(t *testing.T, now func() time.Time) *fake {
	t.Helper()
	f := &fake{now: now, key: providerKey(), codes: make(map[string]url.Values), claims: map[string]any{"email": email, "email_verified": true, "name": "Ann"}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{"issuer": f.URL, "authorization_endpoint": f.URL + "/authorize", "token_endpoint": f.URL + "/token",
			"jwks_uri": f.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: providerKey().Public(), KeyID: "1", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("POST /token", f.token)
	f.Server = httptest.NewServer(mux)
	t.Cleanup(f.Close)
	return f
}

// authorize does what a browser does that is sent to the provider: it comes back
// with a code and a state.
func (f *fake) authorize(t *testing.T, to string) (code, state string) {
	t.Helper()
	u, err := url.Parse(to)
	must(t, err)
	q := u.Query()
	for name, want := range map[string]string{"response_type": "code", "client_id": clientID, "redirect_uri": redirect, "code_challenge_method": "S256", "scope": "openid email profile"} {
		if q.Get(name) != want {
			t.Errorf("the provider is asked with %s %q, want %q", name, q.Get(name), want)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	code = rand.Text()
	f.codes[code] = q
	return code, q.Get("state")
}

// token answers a code with an ID token, once.
func (f *fake) token(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	asked := f.codes[r.FormValue("code")]
	delete(f.codes, r.FormValue("code"))
	f.mu.Unlock()
	id, secret, _ := r.BasicAuth()
	id, _ = url.QueryUnescape(id)
	secret, _ = url.QueryUnescape(secret)
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	w.Header().Set("Content-Type", "application/json")
	if f.status != 0 {
		w.WriteHeader(f.status)
		return
	}
	if asked == nil || id != clientID || secret != clientSecret || r.FormValue("redirect_uri") != redirect ||
		base64.RawURLEncoding.EncodeToString(sum[:]) != asked.Get("code_challenge") {
		w.WriteHeader(http.StatusBadRequest)
		json.NewEncoder(w).Encode(map[string]string{"error": "invalid_grant"})
		return
	}
	claims := map[string]any{"iss": f.URL, "sub": "1234", "aud": clientID, "exp": f.now().Add(time.Minute).Unix(), "iat": f.now().Unix(), "nonce": asked.Get("nonce")}
	for name, value := range f.claims {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: f.key}, (&jose.SignerOptions{}).WithHeader("kid", "1"))
	if err != nil {
		panic(err)
	}
	text, _ := json.Marshal(claims)
	signed, _ := signer.Sign(text)
	compact, _ := signed.CompactSerialize()
	json.NewEncoder(w).Encode(map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": compact})
}

// A desk is a service on real records, with a provider.
type desk struct {
	*oidc.Service
	accounts *account.Service
	people   people.Records
	provider *fake
	now      time.Time
}

func newDesk(t *testing.T, change ...func(*oidc.Config)) *desk {
	t.Helper()
	d := &desk{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	clock := func() time.Time { return d.now }
	d.provider = newFake(t, clock)
	db, err := sqlitedb.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
	must(t, err)
	c, err := catalog.New(t.Context(), db, [32]byte{1}, catalog.Config{Now: clock})
	must(t, err)
	t.Cleanup(func() { c.Close() })
	d.people = people.New(c.Book())
	d.accounts = account.New(d.people, account.Config{Now: clock})
	config := oidc.Config{Issuer: d.provider.URL, ClientID: clientID, ClientSecret: clientSecret, RedirectURL: redirect, Now: clock,
		Fetch: inside(t, d.provider.URL)}
	for _, f := range change {
		f(&config)
	}
	d.Service, err = oidc.New(d.accounts, d.people, config)
	must(t, err)
	return d
}

// inside returns a client for which the operator has allowed this machine.
func inside(t *testing.T, address string) *fetch.Client {
	t.Helper()
	u, err := url.Parse(address)
	must(t, err)
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	must(t, err)
	return fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Ports: []uint16{uint16(port)}})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantKind(t *testing.T, what string, err error, want fault.Kind) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
	if refusal := (*account.Refusal)(nil); !errors.As(err, &refusal) {
		t.Errorf("%s: %v is no refusal", what, err)
	}
}

// add adds the user that the provider confirms.
func (d *desk) add(t *testing.T, change ...func(*account.User)) account.User {
	t.Helper()
	u := account.User{ID: account.NewID(), Email: email, Name: "Ann"}
	for _, f := range change {
		f(&u)
	}
	must(t, d.people.AddUser(t.Context(), account.Server().Entry("test", "", "", nil), u))
	return u
}

// signIn goes the whole way.
func (d *desk) signIn(t *testing.T) (string, error) {
	t.Helper()
	to, cookie, err := d.Begin(t.Context())
	must(t, err)
	code, state := d.provider.authorize(t, to)
	return d.SignIn(t.Context(), cookie, state, code, home)
}

func TestSignIn(t *testing.T) {
	d := newDesk(t)
	u := d.add(t)
	for range 2 {
		token, err := d.signIn(t)
		must(t, err)
		v, err := d.accounts.Resume(t.Context(), token, home)
		must(t, err)
		if v.User != u.ID || v.Operator || v.Session.Way != account.ByIdentity || v.Account.Subject != d.provider.URL+" 1234" {
			t.Errorf("the visitor is %+v", v)
		}
	}
}

func TestSignInRefuses(t *testing.T) {
	for what, change := range map[string]func(*desk){
		"an address not verified":    func(d *desk) { d.provider.claims["email_verified"] = false },
		"nothing said of that":       func(d *desk) { d.provider.claims["email_verified"] = nil },
		"no address":                 func(d *desk) { d.provider.claims["email"] = nil },
		"somebody unknown":           func(d *desk) { d.provider.claims["email"] = "eve@example.com" },
		"another nonce":              func(d *desk) { d.provider.claims["nonce"] = "x" },
		"no nonce":                   func(d *desk) { d.provider.claims["nonce"] = nil },
		"another audience":           func(d *desk) { d.provider.claims["aud"] = "other" },
		"made for another":           func(d *desk) { d.provider.claims["azp"] = "other" },
		"another issuer":             func(d *desk) { d.provider.claims["iss"] = "https://evil.example" },
		"a token whose time is over": func(d *desk) { d.provider.claims["exp"] = d.now.Add(-time.Minute).Unix() },
		"another key":                func(d *desk) { d.provider.key, _ = rsa.GenerateKey(rand.Reader, 2048) },
	} {
		t.Run(what, func(t *testing.T) {
			d := newDesk(t)
			d.add(t)
			change(d)
			_, err := d.signIn(t)
			wantKind(t, what, err, fault.Denied)
		})
	}
}

func TestTrip(t *testing.T) {
	d := newDesk(t)
	d.add(t)
	to, cookie, err := d.Begin(t.Context())
	must(t, err)
	other, otherCookie, err := d.Begin(t.Context())
	must(t, err)
	code, state := d.provider.authorize(t, to)
	otherCode, otherState := d.provider.authorize(t, other)
	for what, tt := range map[string][3]string{
		"no cookie":           {"", state, code},
		"a changed cookie":    {cookie + "x", state, code},
		"no state":            {cookie, "", code},
		"another's cookie":    {otherCookie, state, code},
		"another's state":     {cookie, otherState, code},
		"another's code":      {cookie, state, otherCode},
		"no code":             {cookie, state, ""},
		"another server's":    {strings.Repeat("A", 200), state, code},
		"a cookie, very long": {strings.Repeat("A", 1<<20), state, code},
	} {
		_, err := d.SignIn(t.Context(), tt[0], tt[1], tt[2], home)
		wantKind(t, what, err, fault.Denied)
	}
	d.now = d.now.Add(10 * time.Minute)
	_, err = d.SignIn(t.Context(), cookie, state, code, home)
	wantKind(t, "when its time is over", err, fault.Denied)
	d.now = d.now.Add(-1)
	_, err = d.SignIn(t.Context(), cookie, state, code, home)
	must(t, err)
	_, err = d.SignIn(t.Context(), cookie, state, code, home)
	wantKind(t, "the same code twice", err, fault.Denied)
}

// TestIdentityIsBound has another identity with the same address refused.
func TestIdentityIsBound(t *testing.T) {
	d := newDesk(t)
	d.add(t)
	_, err := d.signIn(t)
	must(t, err)
	d.provider.claims["sub"] = "5678"
	_, err = d.signIn(t)
	wantKind(t, "another identity", err, fault.Denied)
}

func TestM8IdentitiesMakeNoOperators(t *testing.T) {
	d := newDesk(t, func(c *oidc.Config) { c.AddUsers = true })
	d.provider.claims["name"] = "\x00"
	token, err := d.signIn(t)
	must(t, err)
	v, err := d.accounts.Resume(t.Context(), token, home)
	must(t, err)
	if v.Account.Email != email || v.Account.Name != email || v.Operator || len(v.Roles) > 0 {
		t.Errorf("the visitor is %+v", v)
	}
	for _, act := range account.Acts() {
		if v.Check(act, "app") == nil {
			t.Errorf("may %v", act)
		}
	}
	_, err = d.signIn(t)
	must(t, err)
	if all, err := d.people.Users(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("there are %d users, %v", len(all), err)
	}
}

func TestDisabledUser(t *testing.T) {
	d := newDesk(t)
	d.add(t, func(u *account.User) { u.Disabled = true })
	_, err := d.signIn(t)
	wantKind(t, "a disabled user", err, fault.Denied)
	if u, err := d.people.UserByEmail(context.Background(), email); err != nil || u.Subject != "" {
		t.Errorf("the user is %+v, %v", u, err)
	}
}

// TestProviderIsAway has Begin fail, and work once the provider answers.
func TestProviderIsAway(t *testing.T) {
	d := newDesk(t)
	d.add(t)
	handler := d.provider.Config.Handler
	d.provider.Config.Handler = http.NotFoundHandler()
	_, _, err := d.Begin(t.Context())
	wantKind(t, "Begin", err, fault.Unreachable)
	d.provider.Config.Handler = handler
	_, err = d.signIn(t)
	must(t, err)
	d.provider.status = http.StatusBadGateway
	_, err = d.signIn(t)
	wantKind(t, "a code", err, fault.Unreachable)
}

// TestI1ProviderInside has a provider in a private network refused unless the
// operator allows it.
func TestI1ProviderInside(t *testing.T) {
	d := newDesk(t, func(c *oidc.Config) { c.Fetch = fetch.New(fetch.Config{}) })
	_, _, err := d.Begin(t.Context())
	wantKind(t, "Begin", err, fault.Unreachable)
}

func TestConfig(t *testing.T) {
	for issuer, want := range map[string]error{
		"https://id.example.com": nil, "https://id.example.com/realms/a": nil, "http://127.0.0.1:9000": nil,
		"http://id.example.com": fault.Invalid, "id.example.com": fault.Invalid, "": fault.Invalid,
	} {
		if _, err := oidc.New(nil, nil, oidc.Config{Issuer: issuer, ClientID: "c", ClientSecret: "s"}); !errors.Is(err, want) {
			t.Errorf("New for %q: %v, want %v", issuer, err, want)
		}
	}
	if _, err := oidc.New(nil, nil, oidc.Config{Issuer: "https://id.example.com"}); !errors.Is(err, fault.Invalid) {
		t.Errorf("New without a client: %v", err)
	}
}

func TestM3TriesWithCodes(t *testing.T) {
	d := newDesk(t)
	for range 100 {
		_, err := d.SignIn(t.Context(), "", "", "", home)
		if errors.Is(err, fault.Busy) {
			return
		}
		wantKind(t, "SignIn", err, fault.Denied)
	}
	t.Error("nothing limits tries")
}
