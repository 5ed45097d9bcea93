package access

import (
	"errors"
	"testing"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

func TestReadURL(t *testing.T) {
	const h = "AAAAAAAAAAAAAAAAAAAA"
	for _, tt := range []struct {
		url    string
		key    string
		cred   policy.Credential
		action policy.Action
		asset  asset.ID
	}{
		{"https://cdn.example.com/" + h + "?policy=P&signature=S", "", policy.Credential{Policy: "P", Signature: "S"}, policy.Read, h},
		{"/" + h + "+a.png", "", policy.Credential{}, policy.Read, h},
		{"https://x/security=p:P,s:S/resize=width:3/" + h, "", policy.Credential{Policy: "P", Signature: "S"}, policy.Convert, h},
		{"https://x/KEYKEYKEY/security=policy:P,signature:S/cache=expiry:5/" + h + "?policy=Q", "KEYKEYKEY", policy.Credential{Policy: "P", Signature: "S"}, policy.Read, h},
		{"https://x/preview/" + h, "", policy.Credential{}, policy.Read, h},
		{"https://x/metadata/" + h, "", policy.Credential{}, policy.Stat, h},
		{"https://www.x/api/file/" + h + "?policy=P&signature=S", "", policy.Credential{Policy: "P", Signature: "S"}, policy.Read, h},
		{"https://www.x/api/file/" + h + "/metadata", "", policy.Credential{}, policy.Stat, h},
		{"https://www.x/api/store/S3?key=K&policy=P&signature=S", "K", policy.Credential{Policy: "P", Signature: "S"}, policy.Store, ""},
		{"https://x/nonsense=/-/" + h + "?policy=P", "", policy.Credential{Policy: "P"}, 0, ""},
	} {
		q, err := ReadURL(tt.url)
		if err != nil || q.Key != tt.key || q.Cred != tt.cred || q.Request.Action != tt.action || q.Request.Asset != tt.asset {
			t.Errorf("ReadURL(%s) = %+v, %v; want %+v", tt.url, q, err, tt)
		}
	}
	for _, text := range []string{"", "no url", "ht tp//", "/%zz"} {
		if _, err := ReadURL(text); !errors.Is(err, fault.Invalid) {
			t.Errorf("ReadURL(%q): %v, want %v", text, err, fault.Invalid)
		}
	}
}
