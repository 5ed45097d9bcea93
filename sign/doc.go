// Package sign makes the signed policies that a Stowgate or Filestack app
// hands to its pages. It is what a backend written in Go imports; it needs
// nothing but the standard library.
//
// A page uploads, reads and transforms files with the policy and signature that
// its server gave it, and never sees the app's secret:
//
//	signed, err := sign.Policy{
//		Expires: time.Now().Add(15 * time.Minute),
//		Call:    []string{"pick", "store"},
//		Path:    "/users/42/",
//		MaxSize: 5 << 20,
//	}.Sign(os.Getenv("APP_SECRET"))
//
// Give each policy the least that its page needs: few calls, one handle where
// there is one, and minutes rather than days.
package sign
