{
  lib,
  stdenv,
  buildNpmPackage,
  importNpmLock,
  runCommand,
  makeBinaryWrapper,
  cacert,
  nodejs_24,
  git,
  mkpasswd,
  bubblewrap,
}:
let
  package = lib.importJSON ../package.json;
  lock = lib.importJSON ../package-lock.json;

  # The lock says what each package is, by its SHA-512, and not where it comes from. npm knows that, and the hash says that
  # it is the right one, whatever registry the builder was told to use.
  tarball =
    path: module:
    let
      name = module.name or (lib.last (lib.splitString "node_modules/" path));
    in
    runCommand "${lib.strings.sanitizeDerivationName name}-${module.version}.tgz"
      {
        outputHash = module.integrity;
        outputHashMode = "flat";
        nativeBuildInputs = [
          nodejs_24
          cacert
        ];
        impureEnvVars = lib.fetchers.proxyImpureEnvVars ++ [ "npm_config_registry" ];
      }
      ''
        export HOME=$TMPDIR
        npm pack --silent --ignore-scripts --pack-destination . ${lib.escapeShellArg "${name}@${module.version}"}
        mv -- *.tgz $out
      '';
in
buildNpmPackage {
  pname = package.name;
  inherit (package) version;

  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../package.json
      ../package-lock.json
      ../tsconfig.json
      ../src
      ../scripts
      ../schemas
      ../README.md
      ../CHANGELOG.md
      ../SECURITY.md
      ../LICENSE
    ];
  };

  nodejs = nodejs_24;
  npmDeps = importNpmLock {
    npmRoot = ../.;
    packageSourceOverrides = lib.mapAttrs tarball (lib.filterAttrs (path: _: path != "") lock.packages);
  };
  inherit (importNpmLock) npmConfigHook;
  # One package for development is Node itself, and its script would fetch it; esbuild works without its own.
  npmFlags = [ "--ignore-scripts" ];
  nativeBuildInputs = [ makeBinaryWrapper ];

  # The bundle has everything in it. Programs that are there already go before those that come along.
  installPhase = ''
    runHook preInstall
    mkdir -p $out/lib/secrets
    cp -r dist schemas package.json README.md CHANGELOG.md SECURITY.md LICENSE $out/lib/secrets/
    makeWrapper ${lib.getExe nodejs_24} $out/bin/secrets \
      --add-flags $out/lib/secrets/dist/secrets.cjs \
      --suffix PATH : ${
        lib.makeBinPath (
          [
            git
            mkpasswd
          ]
          ++ lib.optional stdenv.hostPlatform.isLinux bubblewrap
        )
      }
    runHook postInstall
  '';

  meta = {
    inherit (package) description;
    license = lib.licenses.mit;
    mainProgram = "secrets";
    platforms = lib.platforms.unix;
  };
}
