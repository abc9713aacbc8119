# One Lasso path by glmnet: Rscript glmnet_path.R FOLDER N_SAMPLES N_FEATURES THRESH
# Reads the arrays that peers.py wrote, prints the seconds of the fit alone.
suppressMessages({library(glmnet); library(Matrix)})
arguments <- commandArgs(TRUE)
folder <- arguments[1]
n <- as.integer(arguments[2])
p <- as.integer(arguments[3])
thresh <- as.numeric(arguments[4])

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

# Solve every alpha asked for: no early stop on the deviance explained.
glmnet.control(fdev = 0, devmax = 1)
method <- if (n > p) "covariance" else "naive"
seconds <- system.time(
  fit <- glmnet(X, y, lambda = alphas, standardize = FALSE, thresh = thresh,
                type.gaussian = method, maxit = 1e7)
)[["elapsed"]]

coefs <- as(fit$beta, "CsparseMatrix")
write <- function(values, name) writeBin(values, path_of(name))
write(coefs@x, "coefs_data")
write(coefs@i, "coefs_indices")
write(coefs@p, "coefs_indptr")
write(as.numeric(fit$a0), "intercepts")
cat(seconds, "\n")
