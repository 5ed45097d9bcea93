package manage_test

import (
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/policy"
)

func TestSignLook(t *testing.T) {
	const span = 15 * time.Minute
	d := newDesk(t)
	app, _, err := d.CreateApp(t.Context(), operator, manage.NewApp{Name: "app", Security: true})
	must(t, err)
	ids := []asset.ID{asset.NewID(), asset.NewID()}
	look := func() []manage.Signed {
		t.Helper()
		signed, err := d.SignLook(t.Context(), operator, app.Key, span, ids...)
		must(t, err)
		for i, s := range signed {
			steps, err := d.ExplainPolicy(t.Context(), operator, app.Key, s.Credential, policy.Request{Action: policy.Read, Asset: ids[i], Size: -1})
			must(t, err)
			for _, step := range steps {
				if !step.OK {
					t.Errorf("at %v: %+v", d.now, step)
				}
			}
		}
		if left := signed[0].Expires.Sub(d.now); left < span || left > 2*span {
			t.Errorf("at %v it counts for %v", d.now, left)
		}
		return signed
	}
	d.now = d.now.Truncate(span)
	first := look()
	if first[0].Policy == first[1].Policy {
		t.Error("two files have the same policy")
	}
	d.now = d.now.Add(span - time.Second)
	if look()[0].Credential != first[0].Credential {
		t.Error("within a span another policy was signed")
	}
	_, err = d.ChangeApp(t.Context(), operator, app.Key, manage.Change{RevokeBefore: &d.now})
	must(t, err)
	if look()[0].Credential == first[0].Credential {
		t.Error("what was taken back is signed again")
	}
	d.now = d.now.Add(time.Second)
	look()
}
