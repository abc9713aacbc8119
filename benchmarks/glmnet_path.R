# One path of L1 penalties by glmnet:
# Rscript glmnet_path.R FOLDER N_SAMPLES N_FEATURES THRESH FAMILY
# Reads the arrays that from_r.py wrote, prints the seconds of the fit alone: by the
# clock for least squares, of the processor for other families.
suppressMessages({library(glmnet); library(Matrix)})
arguments <- commandArgs(TRUE)
folder <- arguments[1]
n <- as.integer(arguments[2])
p <- as.integer(arguments[3])
thresh <- as.numeric(arguments[4])
family <- arguments[5]

path_of <- function(name) file.path(folder, name)
read <- function(name, what, size) {
  readBin(path_of(name), what, file.size(path_of(name)) / size, size = size)
}
y <- read("y", "double", 8)
alphas <- read("alphas", "double", 8)
if (file.exists(path_of("X"))) {
  X <- matrix(read("X", "double", 8), n, p)
} else {
  X <- new("dgCMatrix", i = read("indices", "integer", 4),
           p = read("indptr", "integer", 4), x = read("data", "double", 8),
           Dim = c(n, p))
}

offset <- if (file.exists(path_of("offset"))) read("offset", "double", 8)

# Solve every alpha asked for: no early stop on the deviance explained.
glmnet.control(fdev = 0, devmax = 1)
method <- if (n > p) "covariance" else "naive"
is_gaussian <- family == "gaussian"
if (!is_gaussian && family != "poisson") y <- factor(y)
timing <- system.time(
  fit <- glmnet(X, y, family = family, lambda = alphas, standardize = FALSE,
                thresh = thresh, offset = offset, type.gaussian = method,
                maxit = 1e7)
)
seconds <- if (is_gaussian) timing[["elapsed"]] else timing[[1]] + timing[[2]]

# Columns of the alphas; of several classes one after the other.
beta <- if (is.list(fit$beta)) do.call(rbind, fit$beta) else fit$beta
coefs <- as(beta, "CsparseMatrix")
intercepts <- as.numeric(fit$a0)
# A path may end early: its last solution stands for the rest.
missing <- length(alphas) - ncol(coefs)
if (missing > 0) {
  last <- ncol(coefs)
  coefs <- coefs[, c(seq_len(last), rep(last, missing))]
  a0 <- matrix(intercepts, ncol = last)
  intercepts <- as.numeric(a0[, c(seq_len(last), rep(last, missing))])
}
write <- function(values, name) writeBin(values, path_of(name))
write(coefs@x, "coefs_data")
write(coefs@i, "coefs_indices")
write(coefs@p, "coefs_indptr")
write(intercepts, "intercepts")
cat(seconds, "\n")
