"""What turns a trained run into a bundle that the runtime scores with."""
