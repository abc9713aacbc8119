"""
Why L1 zeroes and L2 shrinks
============================

Two coefficients, drawn as a point. Least squares sits at the bottom of a valley of
squared errors. A penalty allows only points near zero: within a diamond for L1, within
a disc for L2. The solution is where the rising contours first touch that region, and a
diamond is first touched at a corner: there one coefficient is exactly zero.
"""

from regkit import PenaltyGeometryDisplay, make_house_prices

X, y = make_house_prices(return_X_y=True, as_frame=True)
display = PenaltyGeometryDisplay.from_data(X[["area", "rooms"]], y)
print("least squares:", display.least_squares.round(1))
print("Lasso:        ", display.lasso.round(1))
print("Ridge:        ", display.ridge.round(1))

# %%
# Area and rooms are strongly correlated: the valley is long and narrow, and for the
# squared error it matters little which of the two gets the credit. The Lasso gives all
# of it to the area; Ridge shares it out.
#
# With weakly correlated columns both may stay, and the Lasso subtracts about the same
# amount from each:
display = PenaltyGeometryDisplay.from_data(X[["area", "distance"]], y, budget=0.7)
