// Package answer words what Uploadcare's APIs answer: files and groups as the
// Upload and the REST API describe them, names, dates and addresses, and the
// errors of the Upload API.
package answer
