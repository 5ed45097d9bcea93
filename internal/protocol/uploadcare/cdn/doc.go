// Package cdn answers Uploadcare's delivery URLs: originals, what operations
// make of images and tell about them, and groups.
package cdn
