// Package uploadcare speaks Uploadcare's wire protocols, so that its official
// clients work unmodified: the Upload API, the REST API and the CDN. It puts
// their tables together, and decides nothing itself.
package uploadcare
