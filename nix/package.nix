{
  lib,
  buildNpmPackage,
  importNpmLock,
  runCommand,
  cacert,
  nodejs_24,
}:
let
  package = lib.importJSON ../package.json;
  lock = lib.importJSON ../package-lock.json;

  # The lock says what a package is (its SHA-512), not where it comes from. npm knows that, and the hash says that it is
  # the right one, whatever registry the builder was told to use.
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
  # One of the packages for development is Node itself and would fetch it; esbuild runs without its script.
  npmFlags = [ "--ignore-scripts" ];

  # The bundle brings everything along; what it was bundled from stays behind.
  dontNpmPrune = true;
  installPhase = ''
    runHook preInstall
    mkdir -p $out/lib/secrets $out/bin
    cp -r dist schemas package.json README.md CHANGELOG.md SECURITY.md LICENSE $out/lib/secrets/
    patchShebangs $out/lib/secrets/dist
    ln -s ../lib/secrets/dist/secrets.cjs $out/bin/secrets
    runHook postInstall
  '';

  meta = {
    inherit (package) description;
    license = lib.licenses.mit;
    mainProgram = "secrets";
    platforms = lib.platforms.unix;
  };
}
