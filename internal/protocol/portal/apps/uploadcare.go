package apps

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/big"
	"net/http"
	"strings"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
)

// uploadcareRows is the page that says how Uploadcare's clients find an app here.
func (p *Pages) uploadcareRows() []frame.Row {
	return []frame.Row{{Method: http.MethodGet, Path: "/apps/{app}/uploadcare", Act: account.ViewApp, Do: p.uploadcarePage}}
}

// A clientsPage is what the page shows besides the app.
type clientsPage struct {
	frame.Uploadcare
	Prefix   string // of the host that has the app's files only
	Prefixed string // the address of that host; empty if hosts are not told apart
	Snippets []snippet
}

// A snippet is text to copy.
type snippet struct{ Name, Text string }

func (p *Pages) uploadcarePage(ctx context.Context, v *frame.Visit) error {
	page := clientsPage{Uploadcare: p.Config.Uploadcare, Prefix: cnamePrefix(v.App.Key)}
	if p.Config.Domain != "" {
		page.Prefixed = strings.Replace(page.CDN, "://", "://"+page.Prefix+".", 1)
	}
	page.Snippets = []snippet{
		{"JavaScript: upload-client", fmt.Sprintf(`import { UploadClient } from '@uploadcare/upload-client'

const client = new UploadClient({
  publicKey: %q,
  baseURL: %q,
  baseCDN: %q,
  secureSignature, // both from your server
  secureExpire,
})
`, v.App.Key, page.Upload, page.CDN)},
		{"HTML: file-uploader", fmt.Sprintf(`<uc-config ctx-name="my-uploader" pubkey=%q
  base-url=%q cdn-cname=%q
  secure-signature="from your server" secure-expire="from your server"
  quality-insights="false"></uc-config>
`, v.App.Key, page.Upload, page.CDN)},
		{"Python: pyuploadcare", fmt.Sprintf(`import os
from pyuploadcare import Uploadcare

uploadcare = Uploadcare(
    public_key=%q,
    secret_key=os.environ["STOWGATE_SECRET"],
    upload_base=%q,
    api_base=%q,
    cdn_base=%q,
)
`, v.App.Key, page.Upload+"/", page.REST+"/", page.CDN+"/")},
		{"Node.js: sign uploads", signUploads},
		{"Node.js: sign the address of a file", signAddress},
	}
	return p.Show(v, "uploadcare", "Uploadcare", page)
}

// signUploads prints the signature of a time, as package expiring verifies it.
const signUploads = `import { createHmac } from 'node:crypto'

const secureExpire = String(Math.floor(Date.now() / 1000) + 30 * 60)
const secureSignature = createHmac('sha256', process.env.STOWGATE_SECRET).update(secureExpire).digest('hex')
console.log(JSON.stringify({ secureSignature, secureExpire }))
`

// signAddress prints a token for a file and all that is made of it, as package
// address verifies it.
const signAddress = `import { createHmac } from 'node:crypto'

const uuid = process.argv[2]
const key = Buffer.from(process.env.STOWGATE_DELIVERY_SECRET, 'hex')
const text = ` + "`exp=${Math.floor(Date.now() / 1000) + 300}~acl=/${uuid}/*`" + `
console.log(` + "`${text}~hmac=${createHmac('sha256', key).update(text).digest('hex')}`" + `)
`

// cnamePrefix returns what a project's own host begins with: ten characters of its
// public key's SHA-256 in base 36. Source: Uploadcare's @uploadcare/cname-prefix.
func cnamePrefix(key string) string {
	sum := sha256.Sum256([]byte(key))
	return fmt.Sprintf("%010s", new(big.Int).SetBytes(sum[:]).Text(36))[:10]
}
