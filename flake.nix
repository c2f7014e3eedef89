# A shell with everything that this repository's commands can use: `nix develop`, then `./inv dev.up`.
# `clickhouse` and `vector` are the real programs: embedded mode takes them where they are on PATH.
{
  description = "Learner analytics for Open edX: xAPI statements in, dashboards out";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.05";

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];
      forEachSystem = make: nixpkgs.lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});

      # The Python of the images and of the devcontainer.
      pythonOf = pkgs: pkgs.python311;

      programsOf =
        pkgs:
        [
          (pythonOf pkgs)
          pkgs.clickhouse
          pkgs.vector
          pkgs.redis
          pkgs.git
          pkgs.docker-client
          pkgs.docker-compose
          pkgs.hadolint
        ]
        ++ pkgs.lib.optionals pkgs.stdenv.isLinux [ pkgs.chromium ];

      checkWith =
        pkgs: name: programs: script:
        pkgs.runCommand name { nativeBuildInputs = programs; } ''
          cd ${self}
          ${script}
          touch $out
        '';
    in
    {
      devShells = forEachSystem (pkgs: {
        default = pkgs.mkShell {
          packages = programsOf pkgs;
          # Packages from the Python registry are built for an ordinary Linux: they look for its C++ library.
          LD_LIBRARY_PATH = pkgs.lib.optionalString pkgs.stdenv.isLinux (
            pkgs.lib.makeLibraryPath [
              pkgs.stdenv.cc.cc.lib
              pkgs.zlib
            ]
          );
          ASPECTS_PYTHON = "${pythonOf pkgs}/bin/python3";
        };
      });

      packages = forEachSystem (pkgs: {
        # The commands of the checkout that one is in: `nix run github:… -- dev.up`.
        default = pkgs.writeShellApplication {
          name = "inv";
          runtimeInputs = programsOf pkgs;
          text = ''
            exec "$(git rev-parse --show-toplevel)/inv" "$@"
          '';
        };
      });

      # What can be looked at with no network; `./inv lint` and `./inv test` have the rest.
      checks = forEachSystem (pkgs: {
        python = checkWith pkgs "python" [ (pythonOf pkgs) ] ''
          PYTHONPYCACHEPREFIX=$TMPDIR python3 -m compileall -q src services ralph tasks.py
        '';
        dockerfiles = checkWith pkgs "dockerfiles" [ pkgs.hadolint ] ''
          hadolint .devcontainer/Dockerfile dbt/Dockerfile ralph/Dockerfile services/*/Dockerfile
        '';
        vector = checkWith pkgs "vector" [ pkgs.vector ] ''
          # Passwords have no defaults; for a look at the files any will do.
          for name in $(grep -rhoE '[$][{][A-Z_]+' vector | tr -d '{$' | sort -u); do
            export "$name=-"
          done
          export VECTOR_DATA_DIR=$TMPDIR
          vector test --config-yaml vector/vector.yaml $(printf -- '--config-yaml %s ' vector/*/*.yaml)
        '';
      });

      formatter = forEachSystem (pkgs: pkgs.nixfmt-rfc-style);
    };
}
