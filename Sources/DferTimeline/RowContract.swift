extension RowLayout {
  /// Version of the row contract: what columns are called and mean. The run manifest names it (`schema`).
  package static let contract = 2

  /// Columns of contract v1 by what they are called now. `valence` and `arousal`, which were always empty, are gone.
  static let renamed = ["box_score": "detection_score", "occlusion": "detector_mask_probability"]
}
