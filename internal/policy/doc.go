// Package policy decides what a caller may do. A credential is verified into a
// Grant, and every action in the system is allowed by Grant.Check and by
// nothing else. It does no I/O, and takes the time as an argument.
//
// # The policy document
//
// A policy is the base64 text of a JSON object, and its signature is the
// hexadecimal HMAC-SHA-256 of that text, keyed with a secret of the app
// (Filestack documentation: "Security Policies"). The text is verified exactly
// as it was received, save that a space is read as the '+' that a form decoder
// made it from. Both base64 alphabets are read, padded or not, and hexadecimal
// digits in either case; line breaks and left-over bits are refused.
//
// These keys count, written exactly like this. Others are ignored, also those
// that differ in case only.
//
//	expiry            Unix seconds from which on nothing is allowed; required
//	call              one call or a list; absent means every call but exif
//	handle            the one asset it is about
//	url               pattern for an outside source of processing or import
//	path, container   patterns for where a file is stored
//	minSize, maxSize  bytes of a stored file; also min_size and max_size
//	iat               Unix seconds when it was signed; see App.RevokedBefore
//	uses              how many actions it allows, 1 to MaxUses
//
// The last two are Stowgate's own. The calls are those of Action, and revoke
// for remove and write_url for writeUrl; other names in a list allow nothing.
//
// Where the documentation is silent, the answer is the one that allows less:
//
//   - A key given twice, also once under each of its names, makes the policy
//     invalid; so does a value of another type than the key's, and null.
//   - An expiry that is now has passed. One after the year 9999 is taken for
//     milliseconds and refused. Fractions count, and nothing is rounded up; a
//     number of more than 64 characters is refused.
//   - Sizes may be fractions, because a page computes them: maxSize 10.9 allows
//     10 bytes, and minSize 4.5 asks for 5. Negative ones are refused.
//   - An empty handle or pattern is refused: it is a variable somebody forgot to
//     fill, and it must not mean "any".
//   - A policy for one asset does not allow making new ones.
//   - A path or container pattern is also asked when a file names none.
//
// The package has more names than most, because protocols map each Action and
// each Reason to words of their own.
package policy
