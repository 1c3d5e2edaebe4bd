// A user of the library imports `Dfer` alone: the types of its rows, boxes and options come along. What these modules keep
// for dfer itself is `package`, and nobody else sees it.
@_exported import DferImage
@_exported import DferTimeline
@_exported import DferTracking
@_exported import DferVideo
