# Nix: `nix-build packaging/recipes/dfer.nix`
#
# Parsed with `nix-instantiate --parse`. Not tried: a build. `packaging/recipes.sh` fills in address and checksum.
{ pkgs ? import <nixpkgs> { } }:

pkgs.stdenv.mkDerivation rec {
  pname = "dfer";
  version = "0.2.0";

  src = pkgs.fetchurl {
    url = "https://example.org/dfer/dfer-${version}-linux-x86_64.tar.gz";
    sha256 = "0000000000000000000000000000000000000000000000000000000000000000";
  };

  # The program is built already; it only needs the C library and GCC's runtime of this system.
  nativeBuildInputs = [ pkgs.autoPatchelfHook ];
  buildInputs = [ pkgs.stdenv.cc.cc.lib ];
  dontStrip = true;

  installPhase = ''
    mkdir -p $out
    cp -r bin lib share $out/
    addAutoPatchelfSearchPath $out/lib/dfer
  '';

  meta = {
    description = "Turns video into facial-expression timelines";
    license = pkgs.lib.licenses.mit;
    platforms = [ "x86_64-linux" ];
    mainProgram = "dfer";
  };
}
