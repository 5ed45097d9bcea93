package app

import (
	"net/url"
	"os"
	"strings"

	"github.com/stowgate/stowgate/internal/account/oidc"
	"github.com/stowgate/stowgate/internal/app/node"
	"github.com/stowgate/stowgate/internal/app/setting"
)

// identityFlags are the settings of serve for an OpenID Connect provider.
type identityFlags struct {
	Issuer     string   `placeholder:"URL" env:"STOWGATE_OIDC_ISSUER" help:"OpenID Connect provider whose identities may sign in to the portal. It is to send people back to the portal's address with ${identity_path}."`
	ClientID   string   `name:"client-id" placeholder:"ID" env:"STOWGATE_OIDC_CLIENT_ID" help:"What the provider calls this server."`
	SecretFile string   `placeholder:"FILE" env:"STOWGATE_OIDC_SECRET_FILE" help:"File of the secret that the provider has given this server."`
	AddUsers   bool     `env:"STOWGATE_OIDC_ADD_USERS" help:"Make a user, without roles, of whoever the provider confirms."`
	Allow      []string `placeholder:"NET" env:"STOWGATE_OIDC_ALLOW" help:"Private networks that the provider may be in. None by default."`
}

// identity reads the settings for a provider.
func (c *identityFlags) identity(r *setting.Reader) node.Identity {
	if c.Issuer == "" {
		if c.ClientID != "" || c.SecretFile != "" {
			r.Fail("--oidc-client-id and --oidc-secret-file need --oidc-issuer")
		}
		return node.Identity{}
	}
	if u, err := url.Parse(c.Issuer); err != nil || u.Host == "" || u.Scheme != "https" && u.Hostname() != "127.0.0.1" {
		r.Fail("--oidc-issuer=%q is no URL like https://id.example.com", c.Issuer)
	}
	if c.ClientID == "" || c.SecretFile == "" {
		r.Fail("--oidc-issuer needs --oidc-client-id and --oidc-secret-file")
	}
	secret := setting.Read(r, "oidc-secret-file", c.SecretFile, func(name string) (string, error) {
		text, err := os.ReadFile(name)
		return strings.TrimSpace(string(text)), err
	})
	return node.Identity{
		Config: oidc.Config{Issuer: c.Issuer, ClientID: c.ClientID, ClientSecret: secret, AddUsers: c.AddUsers},
		Allow:  setting.ReadAll(r, "oidc-allow", c.Allow, setting.Prefix),
	}
}
