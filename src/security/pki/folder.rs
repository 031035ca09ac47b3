//! Certificates and keys as files.

use super::{Authority, Credential, profile::Issued};
use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// A folder of certificates (`NAME.pem`) and private keys (`NAME.key`, readable by the owner alone), with the authority as
/// `ca.pem` and `ca.key`.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

/// A folder that cannot be written.
#[derive(Debug)]
pub struct FolderError {
    file: PathBuf,
    source: io::Error,
}

impl fmt::Display for FolderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.source.kind() {
            io::ErrorKind::AlreadyExists => write!(f, "{} exists and is not overwritten", self.file.display()),
            _ => write!(f, "{}: {}", self.file.display(), self.source),
        }
    }
}

impl std::error::Error for FolderError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl Folder {
    /// A folder; it is made when something is written.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// The file of a certificate.
    #[must_use]
    pub fn certificate(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.pem"))
    }

    /// The file of a private key.
    #[must_use]
    pub fn key(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.key"))
    }

    /// Writes all that was issued and says which files. Without `force` nothing is written where one of them exists.
    ///
    /// # Errors
    /// A file that exists, or that cannot be written.
    pub fn write(&self, issued: &Issued, force: bool) -> Result<Vec<PathBuf>, FolderError> {
        let authority = AuthorityOrLeaf::Authority(&issued.authority);
        let leaves =
            issued.credentials.iter().map(|(name, credential)| (name.as_str(), AuthorityOrLeaf::Leaf(credential)));
        let all: Vec<_> = std::iter::once(("ca", authority)).chain(leaves).collect();
        if !force {
            self.refuse_existing(all.iter().map(|(name, _)| *name))?;
        }
        let mut written = Vec::with_capacity(all.len() * 2);
        for (name, what) in all {
            written.extend(self.write_pair(name, &what.certificate_pem(), &what.key_pem())?);
        }
        Ok(written)
    }

    /// Writes one certificate and its key over whatever is there.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write_credential(&self, name: &str, credential: &Credential) -> Result<(), FolderError> {
        self.write_pair(name, credential.certificate_pem(), &credential.key_pem()).map(|_| ())
    }

    /// Writes an authority's certificate as `NAME.pem`, without its key.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write_root(&self, name: &str, authority: &Authority) -> Result<(), FolderError> {
        replace(&self.certificate(name), &authority.certificate_pem(), 0o644)
    }

    fn write_pair(&self, name: &str, certificate: &str, key: &str) -> Result<[PathBuf; 2], FolderError> {
        let files = [self.certificate(name), self.key(name)];
        replace(&files[0], certificate, 0o644)?;
        replace(&files[1], key, 0o600)?;
        Ok(files)
    }

    fn refuse_existing<'a>(&self, names: impl Iterator<Item = &'a str>) -> Result<(), FolderError> {
        let mut files = names.flat_map(|name| [self.certificate(name), self.key(name)]);
        match files.find(|file| file.symlink_metadata().is_ok()) {
            Some(file) => Err(FolderError { file, source: io::ErrorKind::AlreadyExists.into() }),
            None => Ok(()),
        }
    }
}

/// What has a certificate and a key.
enum AuthorityOrLeaf<'a> {
    Authority(&'a Authority),
    Leaf(&'a Credential),
}

impl AuthorityOrLeaf<'_> {
    fn certificate_pem(&self) -> String {
        match self {
            Self::Authority(authority) => authority.certificate_pem(),
            Self::Leaf(leaf) => leaf.certificate_pem().to_owned(),
        }
    }

    fn key_pem(&self) -> Zeroizing<String> {
        match self {
            Self::Authority(authority) => authority.key_pem(),
            Self::Leaf(leaf) => leaf.key_pem(),
        }
    }
}

/// Writes a new file in the place of an old one. The mode is set when the file is made, so that a key is never readable
/// by others, not even for a moment; hence the old file is removed and not written into.
fn replace(file: &Path, text: &str, mode: u32) -> Result<(), FolderError> {
    let failed = |source| FolderError { file: file.to_owned(), source };
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options.open(file).and_then(|mut file| file.write_all(text.as_bytes())).map_err(failed)
}
