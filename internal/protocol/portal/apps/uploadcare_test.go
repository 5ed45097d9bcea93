package apps

import "testing"

// TestCnamePrefix holds that a project's own host is where clients look for it.
// Source: @uploadcare/cname-prefix 6.22.0, getPrefixedCdnBaseSync.
func TestCnamePrefix(t *testing.T) {
	for key, want := range map[string]string{
		"demopublickey": "1s4oyld5dc", "anotherkey": "4073mye3t0", "caa9d29da887ee88ffe6": "12v67zybev", "YOUR_PUBLIC_KEY": "6gvctkuuvg",
		"stowgatepublickey": "3f60ecl4lw", "pub_test__no_storing": "52klo5wr4l", "a": "51rzzsl5su", "ключ": "qtfo54gf2j",
	} {
		if got := cnamePrefix(key); got != want {
			t.Errorf("cnamePrefix(%q) = %s, want %s", key, got, want)
		}
	}
}
