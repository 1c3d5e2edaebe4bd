/// Why a batch, or a merge of its rows, is refused before anything is written.
package enum BatchError: Error, Hashable, CustomStringConvertible {
  /// - leftOut: files and folders that are there, but are no videos.
  case nothingToRead(leftOut: Int)
  case noMatch(pattern: String)
  case notBelowBase(path: String, base: String)
  case sameOutput(output: String, first: String, second: String)
  /// A name that the batch itself writes.
  case reservedOutput(output: String, path: String)
  case unreadableList(path: String)
  case badShard(text: String)
  case noArray
  case arrayCountUnknown(scheduler: String)
  case arrayIndexOutside(scheduler: String, index: Int, count: Int)
  case arrayWithHoles(scheduler: String)
  case differentHeader(path: String, first: String)
  case cutOff(path: String)
  case noTimelines
  case badRow(path: String, row: Int, reason: String)

  package var description: String {
    switch self {
    case .nothingToRead(let leftOut):
      "no video files: give files, folders, quoted patterns, or --list FILE"
        + (leftOut > 0 ? " (\(leftOut) other \(leftOut == 1 ? "entry is" : "entries are") there)" : "")
    case .noMatch(let pattern): "\(pattern): no file matches"
    case .notBelowBase(let path, let base): "\(path): is not below --base \(base)"
    case .sameOutput(let output, let first, let second):
      "\(first) and \(second) would both be written to \(output)"
        + (first.lowercased() == second.lowercased()
          ? ": on many drives, names that differ only in case are the same file; rename one"
          : "; --base FOLDER keeps their folders, --keep-extension their endings")
    case .reservedOutput(let output, let path):
      "\(path): its rows would go to \(output), where the batch lists what failed; rename it, or use --keep-extension"
    case .unreadableList(let path): "\(path): cannot read this list as UTF-8 text"
    case .badShard(let text): "--shard \(text): expected I/N with I from 1 to N, auto, or auto/N"
    case .noArray: "--shard auto: no array variable of Slurm, PBS, SGE, LSF, Kubernetes or AWS Batch is set"
    case .arrayCountUnknown(let scheduler):
      "--shard auto: \(scheduler) does not tell how many tasks there are; write --shard auto/N"
    case .arrayIndexOutside(let scheduler, let index, let count):
      "--shard: task \(index) of \(scheduler) is not one of \(count) shards; number tasks from 1"
    case .arrayWithHoles(let scheduler):
      "--shard auto: the task numbers of this \(scheduler) array have gaps; number tasks from 1 and write --shard auto/N"
    case .differentHeader(let path, let first): "\(path): its columns differ from those of \(first)"
    case .cutOff(let path): "\(path): its last line is cut off, or it is empty"
    case .noTimelines: "no CSV files that dfer wrote: folders need the .run.json beside each"
    case .badRow(let path, let row, let reason): "\(path): row \(row): \(reason)"
    }
  }
}
