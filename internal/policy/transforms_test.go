package policy

import (
	"testing"
	"time"
)

func TestF8SignedImages(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	app := App{Key: "A", Options: Options{SignedImages: true}}
	anybody := Public(app)
	for _, action := range []Action{Pick, Store, Read, Stat} {
		if err := anybody.Check(Request{Action: action, Path: "/n.txt", Size: -1}, now); err != nil {
			t.Errorf("%v without a policy = %v, want nil", action, err)
		}
	}
	var denial *Denial
	err := anybody.Check(Request{Action: Convert, Size: -1}, now)
	if denial, _ = err.(*Denial); denial == nil || denial.Reason != NoCredentials {
		t.Errorf("convert without a policy = %v, want %v", err, NoCredentials)
	}

	signed := Grant{App: "A", Actions: Convert, Open: anybody.Actions}
	for _, tt := range []struct {
		grant Grant
		want  bool
	}{{signed, true}, {Grant{App: "A", Actions: Read, Open: anybody.Actions}, false}, {anybody, false}, {Public(App{Key: "A"}), false}} {
		if got := tt.grant.Signs(Convert); got != tt.want {
			t.Errorf("Signs of %+v = %t, want %t", tt.grant, got, tt.want)
		}
	}
	if err := signed.Check(Request{Action: Convert, Size: -1}, now); err != nil {
		t.Errorf("convert with a policy = %v, want nil", err)
	}
	app.Options.SignedImages = false
	if err := Public(app).Check(Request{Action: Convert, Size: -1}, now); err != nil {
		t.Errorf("convert without the option = %v, want nil", err)
	}
}
