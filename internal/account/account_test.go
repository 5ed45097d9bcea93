package account_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
)

// rights says which role may do what: v, d and o for viewer, developer and owner,
// and x for an operator. Acts about no app are the operator's alone.
const rights = `
apps:read      v d o x
files:read     v d o x
files:write    - d o x
policies:sign  - d o x
webhooks:write - d o x
apps:write     - - o x
secrets:write  - - o x
roles:write    - - o x
apps:delete    - - o x
audit:read     - - o x
apps:create    - - - x
users:write    - - - x
server:write   - - - x
`

// TestM6Rights tries every act as every role in every app.
func TestM6Rights(t *testing.T) {
	may := make(map[string][]string)
	for line := range strings.Lines(rights) {
		if f := strings.Fields(line); len(f) == 5 {
			may[f[0]] = f[1:]
		}
	}
	if len(may) != len(account.Acts()) {
		t.Fatalf("the table has %d acts, and there are %d", len(may), len(account.Acts()))
	}
	check := func(who string, a account.Actor, act account.Act, app string, allowed bool) {
		t.Helper()
		err := a.Check(act, app)
		if (err == nil) != allowed {
			t.Errorf("%s: Check(%v, %q) = %v, want allowed = %t", who, act, app, err, allowed)
		}
		if err != nil && fault.Of(err) != fault.Denied && fault.Of(err) != fault.NotFound {
			t.Errorf("%s: Check(%v, %q) = %v, of kind %v", who, act, app, err, fault.Of(err))
		}
		scoped := a
		scoped.Scopes = map[account.Act]bool{act: true}
		if err := scoped.Check(act, app); (err == nil) != allowed {
			t.Errorf("%s: Check(%v, %q) with its scope = %v, want allowed = %t", who, act, app, err, allowed)
		}
		scoped.Scopes = make(map[account.Act]bool)
		for _, other := range account.Acts() {
			scoped.Scopes[other] = other != act
		}
		if err := scoped.Check(act, app); !errors.Is(err, fault.Denied) {
			t.Errorf("%s: Check(%v, %q) without its scope = %v, want %v", who, act, app, err, fault.Denied)
		}
	}
	for _, act := range account.Acts() {
		row := may[act.String()]
		if row == nil {
			t.Fatalf("the table lacks %v", act)
		}
		if parsed, err := account.ParseAct(act.String()); err != nil || parsed != act {
			t.Errorf("ParseAct(%q) = %v, %v", act.String(), parsed, err)
		}
		for i, role := range []account.Role{account.Viewer, account.Developer, account.Owner} {
			a := account.Actor{ID: "user:a", Roles: map[string]account.Role{"mine": role}}
			check(role.String(), a, act, "mine", row[i] != "-")
			check(role.String(), a, act, "other", false)
			check(role.String(), a, act, "", false)
			if err := a.Check(act, "other"); act.OfApp() && !errors.Is(err, fault.NotFound) {
				t.Errorf("Check(%v) of an app one may not know of = %v, want %v", act, err, fault.NotFound)
			}
		}
		check("nobody", account.Actor{}, act, "mine", false)
		check("nobody", account.Actor{}, act, "", false)
		check("operator", account.Actor{Operator: true}, act, "other", row[3] == "x")
	}
}

func TestPasswordRules(t *testing.T) {
	const email = "ann.example@example.com"
	for _, tt := range []struct {
		name, password string
		ok             bool
	}{
		{"shortest", "abcdefghijkl", true},
		{"one too short", "abcdefghijk", false},
		{"shortest of other letters", "äöüäöüßéèêëî", true},
		{"longest", strings.Repeat("abcdefgh", account.MaxPassword/8), true},
		{"one too long", strings.Repeat("abcdefgh", account.MaxPassword/8) + "i", false},
		{"five different", "abcdeabcdeab", true},
		{"four different", "abcdabcdabcd", false},
		{"the address", email, false},
		{"its name and a year", "Ann.Example2026", false},
		{"no text", "abcdefghijkl\xff", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := account.CheckPassword(tt.password, email)
			if (err == nil) != tt.ok {
				t.Errorf("CheckPassword = %v, want ok = %t", err, tt.ok)
			}
			if refusal := (*account.Refusal)(nil); err != nil && (!errors.As(err, &refusal) || refusal.Field != "password") {
				t.Errorf("CheckPassword = %#v, want a refusal of the password", err)
			}
		})
	}
}

func TestCanonicalEmail(t *testing.T) {
	for text, want := range map[string]string{
		"ann@example.com":               "ann@example.com",
		" Ann@Example.COM\n":            "ann@example.com",
		"ann+x@example.com":             "ann+x@example.com",
		"ann":                           "",
		"":                              "",
		"ann@":                          "",
		"Ann <ann@example.com>":         "",
		"<ann@example.com>":             "",
		"ann@example.com, b@example.io": "",
		"ann@example.com\r\nBcc: b@c.d": "",
		strings.Repeat("a", 242) + "@example.com": strings.Repeat("a", 242) + "@example.com",
		strings.Repeat("a", 243) + "@example.com": "",
	} {
		got, err := account.CanonicalEmail(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("CanonicalEmail(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestCanonicalName(t *testing.T) {
	for text, want := range map[string]string{
		" Ann ": "Ann", "": "", " \t": "", "a\x00b": "", "a\nb": "", "\xff": "",
		strings.Repeat("é", 100): strings.Repeat("é", 100), strings.Repeat("é", 101): "",
	} {
		got, err := account.CanonicalName(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("CanonicalName(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestM3AddressesOfOneCustomer(t *testing.T) {
	for a, b := range map[string]string{
		"192.0.2.1":              "::ffff:192.0.2.1",
		"2001:db8:1:2::1":        "2001:db8:1:2:ffff:ffff:ffff:ffff",
		"fe80::1%eth0":           "fe80::2%eth1",
		"not an address at all!": "not an address at all!",
	} {
		if account.Network(a) != account.Network(b) {
			t.Errorf("%s and %s count as %s and %s", a, b, account.Network(a), account.Network(b))
		}
	}
	for a, b := range map[string]string{"192.0.2.1": "192.0.2.2", "2001:db8:1:2::1": "2001:db8:1:3::1"} {
		if account.Network(a) == account.Network(b) {
			t.Errorf("%s and %s count as one: %s", a, b, account.Network(a))
		}
	}
}
