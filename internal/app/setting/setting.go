// Package setting reads what people set by flags, variables and a file. It says
// everything that is wrong at once, and what would be right.
package setting

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// A File gives the flags that neither the command line nor a variable
// sets.
type File struct {
	name   string
	values map[string]any
	lookup func(string) (string, bool)
}

// Load reads the file that args or the environment name. Without one it
// returns an empty file.
func Load(args []string, lookup func(string) (string, bool)) (*File, error) {
	f := &File{lookup: lookup}
	f.name, _ = lookup("STOWGATE_CONFIG")
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if value, ok := strings.CutPrefix(arg, "--config="); ok {
			f.name = value
		} else if arg == "--config" && i+1 < len(args) {
			f.name = args[i+1]
		}
	}
	if f.name == "" {
		return f, nil
	}
	data, err := os.ReadFile(f.name)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	if err := yaml.Unmarshal(data, &f.values); err != nil { // JSON is YAML
		return nil, fmt.Errorf("read settings: %s is neither YAML nor JSON: %w", f.name, err)
	}
	return f, nil
}

// Validate implements kong.Resolver: every name must be a flag of the root or
// of serve, and have a plain value.
func (f *File) Validate(app *kong.Application) error {
	known := map[string]bool{}
	flags := slices.Clone(app.Flags)
	for _, node := range app.Children {
		if node.Name == "serve" {
			flags = append(flags, node.Flags...)
		}
	}
	for _, flag := range flags {
		known[flag.Name] = flag.Name != "config" && flag.Name != "help" && flag.Name != "version"
	}
	var errs []error
	for name, value := range f.values {
		switch value.(type) {
		case string, bool, int, float64, []any:
		default:
			errs = append(errs, fmt.Errorf("%s: %s must be a text, a number, true or false, or a list", f.name, name))
		}
		if !known[name] {
			errs = append(errs, fmt.Errorf("%s: there is no setting %q: see stowgate serve --help", f.name, name))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// Resolve implements kong.Resolver.
func (f *File) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, ok := f.lookup(name); ok {
			return nil, nil
		}
	}
	value, ok := f.values[flag.Name]
	if !ok {
		return nil, nil
	}
	list, ok := value.([]any)
	if !ok {
		return fmt.Sprint(value), nil
	}
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = fmt.Sprint(v)
	}
	return strings.Join(texts, ","), nil
}

// A Reader reads settings and keeps what is wrong with them, so that all
// of it is told at once.
type Reader struct{ errs []error }

// Read returns what parse makes of the setting's text, or its zero value.
func Read[T any](r *Reader, name, text string, parse func(string) (T, error)) T {
	v, err := parse(text)
	if err != nil {
		r.Fail("--%s=%q: %w", name, text, err)
	}
	return v
}

// Fail adds something that is wrong.
func (r *Reader) Fail(format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf(format, args...))
}

// Err returns everything that was wrong.
func (r *Reader) Err() error { return errors.Join(r.errs...) }

// Address takes host:port, and "" or "off" for none.
func Address(text string) (string, error) {
	if text == "" || text == "off" {
		return "", nil
	}
	_, port, err := net.SplitHostPort(text)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return "", errors.New("is no address like 127.0.0.1:8080, :8080 or off")
	}
	return text, nil
}

// Origin takes an http or https URL without a path.
func Origin(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", errors.New("is no URL like https://files.example.com, without a path")
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}

// Host takes a host name.
func Host(text string) (string, error) {
	for label := range strings.SplitSeq(text, ".") {
		if label == "" || strings.Trim(strings.ToLower(label), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return "", errors.New("is no host name like files.example.com, without scheme and port")
		}
	}
	return strings.ToLower(text), nil
}

// Prefix takes an address or a network.
func Prefix(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return addr.Prefix(addr.BitLen())
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, errors.New("is no address or network like 10.0.0.0/8")
	}
	return p.Masked(), nil
}

// units are what a size may end in.
var units = []struct {
	name  string
	bytes float64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", 1 << 40},
	{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12}, {"b", 1}, {"", 1},
}

// Size takes a number of bytes, like 1000, 10MB or 5GiB.
func Size(text string) (int64, error) {
	lower := strings.ToLower(strings.TrimSpace(text))
	for _, unit := range units {
		number, ok := strings.CutSuffix(lower, unit.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || n < 0 || n*unit.bytes >= math.MaxInt64 || n*unit.bytes != math.Trunc(n*unit.bytes) {
			break
		}
		return int64(n * unit.bytes), nil
	}
	return 0, errors.New("is no size like 1000, 10MB or 5GiB")
}

// Duration takes what Go does, and days.
func Duration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, errors.New("is no time span like 90s, 15m, 12h or 7d")
	}
	return d, nil
}

// Count takes a number of things; 0 means no bound, which is -1 here.
func Count(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, errors.New("is no number like 100, or 0 for no bound")
	}
	if n == 0 {
		return -1, nil
	}
	return int(n), nil
}

// Number takes a number of things, 1 or more.
func Number(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || n == 0 {
		return 0, errors.New("is no whole number, 1 or more")
	}
	return int(n), nil
}

// OneOf returns a parser of a choice.
func OneOf(choices ...string) func(string) (string, error) {
	return func(text string) (string, error) {
		if !slices.Contains(choices, text) {
			return "", fmt.Errorf("is none of %s", strings.Join(choices, ", "))
		}
		return text, nil
	}
}

// ReadAll reads every text of a list.
func ReadAll[T any](r *Reader, name string, texts []string, parse func(string) (T, error)) []T {
	var all []T
	for _, text := range texts {
		all = append(all, Read(r, name, text, parse))
	}
	return all
}

// Port takes a port.
func Port(text string) (uint16, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return 0, errors.New("is no port like 8443")
	}
	return uint16(n), nil
}

// Positive returns a parser that takes what parse does, but not 0.
func Positive[T ~int64](parse func(string) (T, error)) func(string) (T, error) {
	return func(text string) (T, error) {
		v, err := parse(text)
		if err == nil && v == 0 {
			err = errors.New("must be more than 0")
		}
		return v, err
	}
}
