package policy

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/policy/strictjson"
)

// with returns a policy's JSON that expires in time and has more keys.
func with(keys string) string { return `{"expiry":1893456600,` + keys + `}` }

func TestPolicyDocuments(t *testing.T) {
	nested := func(levels int) string { // the outermost object is one level
		return with(`"x":` + strings.Repeat("[", levels-1) + strings.Repeat("]", levels-1))
	}
	long := func(size int) string {
		filler := size - len(with(`"x":""`))
		return with(`"x":"` + strings.Repeat("a", filler) + `"`)
	}
	handle := Request{Action: Read, Asset: assetA}
	for _, tt := range []struct {
		name     string
		document string
		request  Request
		want     Reason
	}{
		{"B3 key twice", with(`"call":["read"],"call":["store"]`), upload, BadPolicy},
		{"B3 key twice, once escaped", with(`"call":["read"],"c\u0061ll":["store"]`), upload, BadPolicy},
		{"B3 unknown key twice", with(`"x":1,"x":2`), upload, BadPolicy},
		{"B3 nested key twice", with(`"x":{"a":1,"a":2}`), upload, BadPolicy},
		{"B3 alias as well", with(`"maxSize":1,"max_size":1`), upload, BadPolicy},
		{"B4 other case is unknown", with(`"CALL":["read"],"Handle":"x"`), upload, 0},
		{"B4 other case does not replace", with(`"call":["read"],"CALL":["store"]`), upload, CallNotAllowed},
		{"B4 only in other case", `{"Expiry":1893456600}`, upload, BadPolicy},
		{"B5 depth 15", nested(15), upload, 0},
		{"B5 depth 16", nested(16), upload, 0},
		{"B5 depth 17", nested(17), upload, BadPolicy},
		{"B5 a byte under 8 KiB", long(strictjson.MaxSize - 1), upload, 0},
		{"B5 8 KiB", long(strictjson.MaxSize), upload, 0},
		{"B5 a byte over 8 KiB", long(strictjson.MaxSize + 1), upload, BadPolicy},
		{"B5 far over 8 KiB", long(10 * strictjson.MaxSize), upload, BadPolicy},
		{"B5 surrogate pair", with(`"x":"\uD834\udd1e"`), upload, 0},
		{"B5 escaped backslash before u", with(`"x":"\\ud834"`), upload, 0},
		{"B5 half a pair", with(`"x":"\ud834\\udd1e"`), upload, BadPolicy},
		{"B5 half a pair as key", with(`"\udd1e":1`), upload, BadPolicy},
		{"B5 BOM", "\ufeff" + `{"expiry":1893456600}`, upload, BadPolicy},
		{"B5 white space around", " \n" + `{"expiry":1893456600}` + "\t", upload, 0},
		{"B5 only white space", " ", upload, BadPolicy},
		{"B6 missing", `{"call":["store"]}`, upload, BadPolicy},
		{"B6 null", `{"expiry":null}`, upload, BadPolicy},
		{"B6 zero", `{"expiry":0}`, upload, BadPolicy},
		{"B6 negative", `{"expiry":-1893456600}`, upload, BadPolicy},
		{"B6 text", `{"expiry":"1893456600"}`, upload, BadPolicy},
		{"B6 boolean", `{"expiry":true}`, upload, BadPolicy},
		{"B6 exponent", `{"expiry":1.8934566e9}`, upload, 0},
		{"B6 a second ago", `{"expiry":1893455999}`, upload, Expired},
		{"B6 just before now", `{"expiry":1893455999.99999999999999999999}`, upload, Expired},
		{"B6 now", `{"expiry":1893456000}`, upload, Expired},
		{"B6 just after now", `{"expiry":1893456000.000001}`, upload, 0},
		{"B6 63 characters", `{"expiry":253402300799.` + strings.Repeat("9", 50) + `}`, upload, 0},
		{"B6 64 characters", `{"expiry":253402300799.` + strings.Repeat("9", 51) + `}`, upload, 0},
		{"B6 65 characters", `{"expiry":253402300799.` + strings.Repeat("9", 52) + `}`, upload, BadPolicy},
		{"B6 digits and an exponent", `{"expiry":1893456600` + strings.Repeat("0", 40) + `e-40}`, upload, 0},
		{"B6 end of 9999", `{"expiry":253402300799}`, upload, 0},
		{"B6 fraction before 10000", `{"expiry":253402300799.9999999999999}`, upload, 0},
		{"B6 year 10000", `{"expiry":253402300800}`, upload, BadPolicy},
		{"B6 overflow", `{"expiry":1e309}`, upload, BadPolicy},
		{"B6 exponent of many digits", `{"expiry":1e99999999999999999999}`, upload, BadPolicy},
		{"B6 next to nothing", `{"expiry":1e-999999999}`, upload, BadPolicy},
		{"B8 same", with(`"handle":"` + string(assetA) + `"`), handle, 0},
		{"B8 prefix", with(`"handle":"` + string(assetA[:19]) + `"`), handle, OtherAsset},
		{"B8 longer", with(`"handle":"` + string(assetA) + `x"`), handle, OtherAsset},
		{"B8 empty", with(`"handle":""`), handle, BadPolicy},
		{"B8 null", with(`"handle":null`), handle, BadPolicy},
		{"B8 no asset in the request", with(`"handle":"` + string(assetA) + `"`), upload, OtherAsset},
		{"iat as text", with(`"iat":"1893456000"`), upload, BadPolicy},
		{"iat zero", with(`"iat":0`), upload, BadPolicy},
		{"iat a fraction", with(`"iat":1893456000.5`), upload, 0},
		{"path a list", with(`"path":["/a"]`), upload, BadPolicy},
		{"url a number", with(`"url":1`), upload, BadPolicy},
		{"container null", with(`"container":null`), upload, BadPolicy},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := decide(testApp(testSecret), signed(tt.document), tt.request, testNow)
			if got := reason(t, err); got != tt.want {
				t.Errorf("%.80s: error = %v, want %v", tt.document, err, tt.want)
			}
		})
	}
}

func TestB7CallNames(t *testing.T) {
	for _, tt := range []struct {
		call string // what follows the expiry
		want Action // negative for a policy that is refused
		bad  bool
	}{
		{call: ``, want: implied},
		{call: `,"calls":["read"]`, want: implied},
		{call: `,"call":"read"`, want: Read},
		{call: `,"call":"pick,store"`},
		{call: `,"call":""`},
		{call: `,"call":[]`},
		{call: `,"call":["READ","Store"," read"]`},
		{call: `,"call":["read","root","read"]`, want: Read},
		{call: `,"call":["exif"]`, want: EXIF},
		{call: `,"call":["write_url","revoke"]`, want: WriteURL | Remove},
		{call: `,"call":["pick","read","stat","write","writeUrl","store","convert","remove","exif","runWorkflow"]`, want: everything},
		{call: `,"call":null`, bad: true},
		{call: `,"call":["read",null]`, bad: true},
		{call: `,"call":[["read"]]`, bad: true},
		{call: `,"call":[1]`, bad: true},
		{call: `,"call":{"read":true}`, bad: true},
		{call: `,"call":true`, bad: true},
	} {
		g, err := Verify(testApp(testSecret), signed(`{"expiry":1893456600`+tt.call+`}`), testNow)
		if bad := reason(t, err) == BadPolicy; bad != tt.bad || g.Actions != tt.want {
			t.Errorf("%s allows %v, error %v; want %v", tt.call, g.Actions, err, tt.want)
		}
	}
	if implied&EXIF != 0 {
		t.Error("a policy that lists no calls allows exif")
	}

	java := testApp(testSecret)
	java.Options.CallsAlias = true
	for call, want := range map[string]Action{`"calls":["read"]`: Read, `"call":["read"]`: Read, `"x":1`: implied} {
		if g, err := Verify(java, signed(with(call)), testNow); err != nil || g.Actions != want {
			t.Errorf("with CallsAlias, %s allows %v, error %v; want %v", call, g.Actions, err, want)
		}
	}
	if _, err := Verify(java, signed(with(`"call":["read"],"calls":["read"]`)), testNow); reason(t, err) != BadPolicy {
		t.Errorf("with CallsAlias, both = %v, want BadPolicy", err)
	}
}

func TestB13Sizes(t *testing.T) {
	for _, tt := range []struct {
		keys     string
		min, max int64
		bad      bool
	}{
		{keys: `"x":1`, max: math.MaxInt64},
		{keys: `"minSize":5,"maxSize":10`, min: 5, max: 10},
		{keys: `"min_size":5,"max_size":10`, min: 5, max: 10},
		{keys: `"minSize":4.1,"maxSize":10.9`, min: 5, max: 10},
		{keys: `"minSize":0,"maxSize":0`},
		{keys: `"maxSize":1e3`, max: 1000},
		{keys: `"maxSize":9223372036854775807`, max: math.MaxInt64},
		{keys: `"maxSize":18446744073709551615`, max: math.MaxInt64},
		{keys: `"minSize":9223372036854775806.5`, min: math.MaxInt64, max: math.MaxInt64},
		{keys: `"minSize":18446744073709551615.5`, min: math.MaxInt64, max: math.MaxInt64},
		{keys: `"maxSize":9007199254740993`, max: 9007199254740993}, // no double holds it
		{keys: `"maxSize":9.` + strings.Repeat("9", 62), max: 9},
		{keys: `"maxSize":-1`, bad: true},
		{keys: `"maxSize":-0.5`, bad: true},
		{keys: `"minSize":-1`, bad: true},
		{keys: `"maxSize":1e400`, bad: true},
		{keys: `"maxSize":"10"`, bad: true},
		{keys: `"minSize":null`, bad: true},
		{keys: `"maxSize":[10]`, bad: true},
	} {
		g, err := Verify(testApp(testSecret), signed(with(tt.keys)), testNow)
		if bad := reason(t, err) == BadPolicy; bad != tt.bad || g.MinSize != tt.min || g.MaxSize != tt.max {
			t.Errorf("%s: sizes %d to %d, error %v; want %d to %d, bad %v", tt.keys, g.MinSize, g.MaxSize, err, tt.min, tt.max, tt.bad)
		}
	}
}

func TestB15Uses(t *testing.T) {
	for keys, want := range map[string]int{
		`"x":1`:             0,
		`"uses":1`:          1,
		`"uses":2.0`:        2,
		`"uses":2147483646`: MaxUses - 1,
		`"uses":2147483647`: MaxUses,
		`"uses":2147483648`: -1,
		`"uses":1e30`:       -1,
		`"uses":0`:          -1,
		`"uses":-1`:         -1,
		`"uses":1.5`:        -1,
		`"uses":"1"`:        -1,
		`"uses":null`:       -1,
		`"uses":[1]`:        -1,
		`"uses":true`:       -1,
	} {
		c := signed(with(keys))
		g, err := Verify(testApp(testSecret), c, testNow)
		if want < 0 {
			if reason(t, err) != BadPolicy {
				t.Errorf("%s: Verify = %v, want BadPolicy", keys, err)
			}
			continue
		}
		var use Use
		if want > 0 {
			use = Use{Digest: Digest(c.Policy), Limit: want, Expires: time.Unix(1893456600, 0).UTC()}
		}
		if err != nil || g.Use != use {
			t.Errorf("%s: use %+v, error %v; want %+v", keys, g.Use, err, use)
		}
	}
}
