package codec

import (
	"slices"
	"strings"
)

// telling lists the metadata that tells who took a picture and with which very
// camera, by the ends of the library's names for it. What cannot be looked into,
// such as notes of the camera's maker, is taken to tell it all.
var telling = []string{
	"-Artist", "-Copyright", "-XPAuthor", "-XPComment", "-XPKeywords", "-XPSubject", "-XPTitle", "-ImageDescription", "-DocumentName",
	"-HostComputer", "-CameraOwnerName", "-BodySerialNumber", "-LensSerialNumber", "-ImageUniqueID", "-MakerNote", "-UserComment",
	"-XMLPacket", "-IPTC/NAA", "xmp-data", "iptc-data", "photoshop-data",
}

// Tells reports whether the metadata called name tells where or by whom a
// picture was taken.
func Tells(name string) bool {
	return strings.HasPrefix(name, "exif-ifd3-") || // the position
		slices.ContainsFunc(telling, func(end string) bool { return strings.HasSuffix(name, end) })
}
