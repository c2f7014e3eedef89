# A stand-in for nixpkgs: it has what the flake may ask for and nothing else, and every program is its own name.
let
  known = [
    "chromium"
    "clickhouse"
    "docker-client"
    "docker-compose"
    "git"
    "hadolint"
    "nixfmt-rfc-style"
    "python311"
    "redis"
    "vector"
    "zlib"
  ];
  genAttrs =
    names: make:
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = make name;
      }) names
    );
  lib = {
    inherit genAttrs;
    optionals = wanted: list: if wanted then list else [ ];
    optionalString = wanted: text: if wanted then text else "";
    makeLibraryPath = builtins.concatStringsSep ":";
  };
  packagesOf =
    system:
    genAttrs known (name: name)
    // {
      inherit lib;
      stdenv = {
        isLinux = builtins.match ".*-linux" system != null;
        cc.cc.lib = "libstdc++";
      };
      mkShell = given: given;
      writeShellApplication = given: given;
      runCommand = name: given: script: given // { inherit name script; };
    };
in
{
  inherit lib;
  legacyPackages = genAttrs [
    "x86_64-linux"
    "aarch64-linux"
    "x86_64-darwin"
    "aarch64-darwin"
  ] packagesOf;
}
