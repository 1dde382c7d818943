# What clan names things, so that a tree reads the same through its modules and through these.
let
  inherit (builtins)
    concatStringsSep
    isList
    match
    split
    stringLength
    substring
    unsafeDiscardStringContext
    ;
in
{
  # A name that the store takes for a file: everything else becomes a dash, and the end is kept of what is too long.
  # The same as lib.strings.sanitizeDerivationName, without nixpkgs.
  storeName =
    text:
    let
      bare = builtins.head (match "\\.*(.*)" (unsafeDiscardStringContext text));
      clean = concatStringsSep "" (
        map (part: if isList part then "-" else part) (split "[^[:alnum:]+._?=-]+" bare)
      );
      length = stringLength clean;
      kept = substring (if length > 207 then length - 207 else 0) (-1) clean;
    in
    if kept == "" then "unknown" else kept;
}
