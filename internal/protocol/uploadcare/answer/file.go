package answer

import (
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
)

// An Info describes a file as the Upload API does.
// Source: Uploadcare documentation, "Upload API", "fileUploadInfo".
type Info struct {
	Size             int64             `json:"size"`
	Total            int64             `json:"total"`
	Done             int64             `json:"done"`
	UUID             string            `json:"uuid"`
	FileID           string            `json:"file_id"`
	OriginalFilename string            `json:"original_filename"`
	Filename         string            `json:"filename"`
	MimeType         string            `json:"mime_type"`
	IsImage          bool              `json:"is_image"`
	IsStored         bool              `json:"is_stored"`
	IsReady          bool              `json:"is_ready"`
	ImageInfo        *Image            `json:"image_info"`
	VideoInfo        *struct{}         `json:"video_info"` // nothing here looks into videos
	ContentInfo      *Content          `json:"content_info"`
	Metadata         map[string]string `json:"metadata"`
	DefaultEffects   *string           `json:"default_effects,omitempty"` // of a group's member
}

// A File describes a file as the REST API does, in version 0.7.
// Source: Uploadcare documentation, "REST API", "file".
type File struct {
	DatetimeRemoved  *string           `json:"datetime_removed"`
	DatetimeStored   *string           `json:"datetime_stored"`
	DatetimeUploaded string            `json:"datetime_uploaded"`
	IsImage          *bool             `json:"is_image"`
	IsReady          bool              `json:"is_ready"`
	MimeType         string            `json:"mime_type"`
	OriginalFileURL  *string           `json:"original_file_url"`
	OriginalFilename string            `json:"original_filename"`
	Size             int64             `json:"size"`
	URL              string            `json:"url"`
	UUID             string            `json:"uuid"`
	Variations       map[string]string `json:"variations"`
	ContentInfo      *Content          `json:"content_info"`
	Metadata         map[string]string `json:"metadata"`
	AppData          any               `json:"appdata,omitempty"`
	Tags             []string          `json:"tags"`
}

// A Group describes a group of files. Only the Upload API, and the REST API for
// a single group, say what is in it.
type Group struct {
	ID              string  `json:"id"`
	DatetimeCreated string  `json:"datetime_created"`
	DatetimeStored  *string `json:"datetime_stored"` // always null: groups are not stored any more
	FilesCount      int     `json:"files_count"`
	CDNURL          string  `json:"cdn_url"`
	URL             string  `json:"url"`
	Files           any     `json:"files,omitempty"` // null for one that was removed
}

// Content says what a file's bytes are.
type Content struct {
	Mime  Mime   `json:"mime"`
	Image *Image `json:"image,omitempty"`
}

// A Mime is a media type and its parts.
type Mime struct {
	Mime    string `json:"mime"`
	Type    string `json:"type"`
	Subtype string `json:"subtype"`
}

// An Image says what is known about a picture. What is not known is null.
type Image struct {
	DPI              *[2]int   `json:"dpi"`
	Width            int       `json:"width"`
	Format           string    `json:"format"`
	Height           int       `json:"height"`
	Sequence         bool      `json:"sequence"`
	ColorMode        string    `json:"color_mode"`
	Orientation      *int      `json:"orientation"`
	GeoLocation      *Location `json:"geo_location"`
	DatetimeOriginal *string   `json:"datetime_original"`
}

// A Location is where a picture was taken, in degrees.
type Location struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

// Info describes a for the Upload API.
func (p Place) Info(a asset.Asset) Info {
	size := a.Content.Size()
	info := Info{
		UUID: a.UUID.String(), FileID: a.UUID.String(), Size: size, Total: size, Done: size,
		OriginalFilename: a.Name, Filename: Name(a.Name), MimeType: a.Type,
		IsImage: a.IsPicture(), IsStored: !a.Stored.IsZero(), IsReady: p.ready(a),
		ImageInfo: imageOf(a), Metadata: metadataOf(a),
	}
	if info.IsReady {
		info.ContentInfo = contentOf(a)
	}
	return info
}

// Member describes a for the Upload API as a member of a group.
func (p Place) Member(a asset.Asset, effects string) *Info {
	info := p.Info(a)
	info.DefaultEffects = &effects
	return &info
}

// Described describes a for the REST API. It has size bytes, because lists
// leave its content out, and was put into the trash at a time that is zero for
// one that was not.
func (p Place) Described(a asset.Asset, size int64, trashed time.Time) File {
	f := File{
		DatetimeRemoved: TimeOrNull(trashed), DatetimeUploaded: Time(a.Created),
		IsReady: p.ready(a), MimeType: a.Type, OriginalFilename: a.Name, Size: size,
		URL: p.Resource(a), UUID: a.UUID.String(), Metadata: metadataOf(a), Tags: a.Labels,
	}
	if trashed.IsZero() {
		link := p.File(a)
		f.DatetimeStored, f.OriginalFileURL = TimeOrNull(a.Stored), &link
	}
	if f.IsReady {
		image := a.IsPicture()
		f.IsImage, f.ContentInfo = &image, contentOf(a)
	}
	if f.Tags == nil {
		f.Tags = []string{}
	}
	return f
}

// Group describes g. The files are what the answer has of its members; nil
// leaves them out.
func (p Place) Group(g asset.Group, files any) Group {
	id := GroupID(g)
	return Group{
		ID: id, DatetimeCreated: Time(g.Created), FilesCount: g.Size,
		CDNURL: p.CDN + "/" + id + "/", URL: p.API + "/groups/" + id + "/", Files: files,
	}
}

// ready reports whether nothing more will be found out about a.
func (p Place) ready(a asset.Asset) bool { return p.Blind || a.Looked() }

func metadataOf(a asset.Asset) map[string]string {
	if a.Tags == nil {
		return map[string]string{}
	}
	return a.Tags
}

func contentOf(a asset.Asset) *Content {
	kind, subtype, _ := strings.Cut(a.Detected, "/")
	return &Content{Mime: Mime{Mime: a.Detected, Type: kind, Subtype: subtype}, Image: imageOf(a)}
}

// imageOf returns what is known about a as a picture, nil if it is none.
func imageOf(a asset.Asset) *Image {
	if !a.IsPicture() {
		return nil
	}
	p := a.Picture
	image := &Image{
		DPI: p.DPI, Width: p.Width, Format: p.Format, Height: p.Height,
		Sequence: p.Frames > 1, ColorMode: p.Mode,
	}
	if p.Orientation != 0 {
		image.Orientation = &p.Orientation
	}
	if p.Latitude != nil && p.Longitude != nil {
		image.GeoLocation = &Location{*p.Latitude, *p.Longitude}
	}
	if p.Taken != "" {
		image.DatetimeOriginal = &p.Taken
	}
	return image
}
