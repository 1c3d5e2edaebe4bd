# Homebrew on Linux: `brew install --formula ./packaging/recipes/dfer.rb`
#
# Checked for syntax with `ruby -c`. Not tried: Homebrew itself. `packaging/recipes.sh` fills in address and checksum.
class Dfer < Formula
  desc "Turns video into facial-expression timelines"
  homepage "https://example.org/dfer"
  url "https://example.org/dfer/dfer-0.2.0-linux-x86_64.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "MIT"

  depends_on arch: :x86_64
  depends_on :linux

  def install
    # lib/dfer stands beside bin: the program finds its libraries from where it is.
    prefix.install "bin", "lib", "share"
  end

  test do
    system bin/"dfer", "demo", "--no-open", "--quiet"
    assert_match "happiness", (testpath/"dfer-demo/demo.csv").read
  end
end
