/// Opens what `dfer watch` takes: a file, a folder or list of images, `-`, a camera, an address.
///
/// - Throws: `VideoError` when it cannot be read.
package func openVideo(_ location: String, options: VideoOptions = VideoOptions()) throws -> any VideoEvents {
  ImageSource.takes(location)
    ? try ImageSource(location, options: options) : try VideoSource(location, options: options)
}
