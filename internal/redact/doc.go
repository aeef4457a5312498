// Package redact blanks secrets in whatever is written: the last thing between the program and any output.
//
// Values that the language knows to be sensitive never get this far; what does is a secret that a server echoes in its
// answer or its error. A [Redactor] is told every secret that the run sees and blanks each occurrence, in the forms in
// which programs write it (as it is, inside JSON, quoted for a shell and others, in a URL, in base64 and hexadecimal, also
// inside a longer text), in upper or lower case, also where it is split over several writes. It doesn't find secrets that
// nobody told it, nor a hash of one, nor a part of one but where an ellipsis tells that the rest was left out.
package redact
